// What a network is used for.
#pragma once

namespace pixnerd::models {

// The two functions that a network can compute. Which one is a property of the network, as train() and eval() are in
// PyTorch, and has nothing to do with whether gradients are recorded: validation and a teacher compute the training
// function without them.
//   train   where the image is predicted, 1 - t is at least .05, as the loss must not be divided by almost nothing. A
//           batch goes through whole; parts that are to be recomputed in the backward pass are.
//   infer   1 - t is at least .001, or a sampler's last steps would not arrive at the image. Batches go through in
//           parts of bounded size (cost.h), and the field's weights can be kept for a conditioning that is reused.
enum class Mode { train, infer };

// What 1 - t counts as at least in v = (x1 - x) / (1 - t).
constexpr double smallest_remaining_time(Mode mode) {
  return mode == Mode::train ? 0.05 : 1e-3;
}

}  // namespace pixnerd::models
