// A whole training run: data in, checkpoints out.
#pragma once

#include <filesystem>
#include <functional>

#include "core/progress.h"
#include "train/config.h"
#include "train/trainer.h"

namespace pixnerd::train {

struct RunSummary {
  std::filesystem::path checkpoint;  // the last one
  StepReport last;
  int64_t broken_pictures = 0;
};

// Trains `config` on a folder of class folders and writes into `out`, which must be empty or absent:
//   config.yaml                          the resolved configuration
//   checkpoints/step-00000040.safetensors   denoiser.*, ema_denoiser.* and the model's description, every
//                                           train.checkpoint_every steps and at the end
// model.num_classes 0 takes the number of the data's classes. Parameters, data order and draws depend on train.seed and
// the step alone. Throws ConfigError, DataError; what was written before stays.
RunSummary run(RunConfig config, const std::filesystem::path& out, Progress& progress);

}  // namespace pixnerd::train
