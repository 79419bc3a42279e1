// A whole training run: data in, checkpoints out.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>
#include <optional>

#include "core/progress.h"
#include "train/config.h"
#include "train/evaluation.h"
#include "train/trainer.h"

namespace pixnerd::train {

struct RunOptions {
  bool resume = false;                               // go on with the run in the folder, if there is one
  std::optional<std::filesystem::path> init;         // weights to begin a new run with; see initial_weights.h
  std::optional<std::filesystem::path> resume_from;  // a training to go on with in a new run; see training_state.h
  bool init_other_prediction = false;                // even if they predict something else than model.prediction
  at::Device device = at::kCPU;
  std::function<bool()> stop = [] { return false; };    // asked after every step
  LoadExtractor load_extractor = eval::load_extractor;  // for `eval:`
};

struct RunSummary {
  std::filesystem::path checkpoint;  // the last one
  int64_t step = 0;                  // of that checkpoint
  int64_t steps = 0;                 // taken by this call; none where the run was complete already
  double loss = 0.0;                 // of the last of them
  bool stopped = false;              // before train.steps, because `stop` said so
  int64_t broken_pictures = 0;
};

// Trains `config` into the folder `out` (see run_folder.h), which must be empty or absent unless it is resumed.
//
// A run that was stopped or killed, at any moment and any number of times, and resumed with the same settings ends in
// the same bytes as one that never was: data order, draws and augmentations depend on train.seed and the step alone,
// and the rest is in the checkpoint. (On one machine and with one number of threads: sums of floats depend on them.)
//
// model.num_classes 0 takes the number of the data's classes, and data.styles the number of its styles. Another number
// is refused, but that labels without names may be fewer than the classes. Throws ConfigError, DataError and
// CheckpointError; what was written before stays. A loss that is not a number is a DataError that names the step and
// the last good checkpoint.
RunSummary run(RunConfig config, const std::filesystem::path& out, const RunOptions& options, Progress& progress);

}  // namespace pixnerd::train
