// What a training step minimises:
//
//   flow matching's loss  +  repa.weight * mean(1 - cos(projected tokens, DINOv2's))  +  dispersive.weight * log(
//     sum over i != j of exp(-|z_i - z_j|^2 / temperature) / B^2 + 1e-6),   z the mean of a picture's tokens
//   +  text.alignment, text.teacher_weight * the losses of alignment.h on captions  +  frequency.weight * the weighted
//   errors of frequency.h
//   +  perceptual.weight * the distance of perceptual.h
//
// The last two are of pictures with t >= `from`, and 0 for the others (noise gating: Ma et al., "PixelGen", arXiv
// 2602.02493, for perceptual losses): near the noise the picture that a velocity leads to is a mean of many, which no
// picture looks like.
//
// The dispersive loss (Wang and He, arXiv 2506.09027) is that of the official repository's DisperseTrainer; it is of
// the B pictures that are computed together, a micro batch of one process.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <vector>

#include "checkpoint/tensors.h"
#include "diffusion/flow_matching.h"
#include "models/efficientnet_lite.h"
#include "models/network.h"
#include "train/alignment.h"
#include "train/frequency.h"
#include "train/objective_config.h"
#include "train/repa.h"
#include "train/side_loss.h"

namespace pixnerd::train {

// What is computed together.
struct MicroBatch {
  diffusion::FlowSample flow;
  at::Tensor images;         // [B, 3, H, W] in [-1, 1], clean
  at::Tensor features;       // [B, L, F], DINOv2's of them, where they are known already
  CaptionGroups captions{};  // of them, where they are to be aligned
};

// [B] float32 each, with gradients. The dispersive one and those of captions are the same for all.
struct Losses {
  at::Tensor flow;
  OfSideLosses<at::Tensor> beside;  // undefined where the loss has no weight
};

// Of the batch whose parts these are, without gradients.
Losses joined(const std::vector<Losses>& parts);

// [B, L, D] -> a scalar, float32.
at::Tensor dispersive_loss(const at::Tensor& tokens, double temperature);

struct ObjectiveConfig {
  RepaConfig repa{};
  DispersiveConfig dispersive{};
  FrequencyConfig frequency{};
  PerceptualConfig perceptual{};
  double alignment = 0;     // text.alignment
  double teacher = 0;       // text.teacher_weight, where there is a teacher
  bool text_alone = false;  // text.alone
};

// The networks that losses ask, where they have a weight. EfficientNet-Lite0 is in Mode::train.
struct Judges {
  std::shared_ptr<const models::DinoV2> teacher{};
  std::shared_ptr<const models::EfficientNetLite> eye{};
};

class Objective {
 public:
  // Flow matching alone.
  Objective() = default;

  Objective(const ObjectiveConfig& config, std::optional<Projector> projector, Judges judges);

  // Of a network in Mode::train. The teacher is asked where the features are not given. RequestError where a block is
  // not there.
  Losses operator()(models::Network& network, const MicroBatch& batch) const;

  // [B]: the weighted sum.
  at::Tensor total(const Losses& losses) const;

  double weight_of(SideLoss loss) const { return weights_[loss]; }

  // Whether losses of that batch ask a network of the framework's operators.
  bool asks_judges(const MicroBatch& batch) const;

  // What is trained beside the network.
  checkpoint::NamedTensors parameters() const;

 private:
  bool has(SideLoss loss) const { return weights_[loss] > 0; }
  std::vector<models::BlockTap> taps() const;
  at::Tensor aligned(const at::Tensor& tokens, const MicroBatch& batch) const;
  void read_captions(models::Network& network, const CaptionGroups& captions, Losses& losses) const;
  void look_at_pictures(const at::Tensor& velocity, const MicroBatch& batch, Losses& losses) const;

  ObjectiveConfig config_;
  OfSideLosses<double> weights_;
  std::optional<Projector> projector_;
  std::optional<FrequencyLoss> frequency_;
  Judges judges_;
};

}  // namespace pixnerd::train
