// A whole training run: data in, checkpoints out.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "core/progress.h"
#include "core/stop.h"
#include "dist/group.h"
#include "image/image.h"
#include "train/config.h"
#include "train/evaluation.h"
#include "train/run_folder.h"

namespace pixnerd::train {

// A grid of train.sample_every, and the file that it is in.
using GridShown = std::function<void(int64_t step, const std::filesystem::path& file, const image::Image& grid)>;

struct RunOptions {
  Start start = Start::anew;
  std::optional<std::filesystem::path> init;         // weights to begin a new run with; see initial_weights.h
  std::optional<std::filesystem::path> resume_from;  // a training to go on with in a new run; see training_state.h
  bool init_other_prediction = false;                // even if they predict something else than model.prediction
  at::Device device = at::kCPU;
  std::shared_ptr<dist::Group> group = dist::Group::alone();  // of the processes that train together
  StopRequested stop = [] { return false; };                  // asked all the time; once true it must stay so
  GridShown show_grid{};                                      // called by rank 0's thread, if it is there
  LoadExtractor load_extractor = eval::load_extractor;        // for `eval:`
};

struct RunSummary {
  std::filesystem::path checkpoint;  // the last one; empty where the run was stopped before its first step
  int64_t step = 0;                  // of that checkpoint
  int64_t steps = 0;                 // taken by this call; none where the run was complete already
  double loss = 0.0;                 // of the last of them
  bool stopped = false;              // before train.steps, because `stop` said so
  int64_t broken_pictures = 0;
};

// Trains `config` into the folder `out` (see run_folder.h).
//
// A run that was stopped or killed, at any moment and any number of times, and resumed with the same settings ends in
// the same bytes as one that never was: data order, draws and augmentations depend on train.seed and the step alone,
// and the rest is in the checkpoint. (On one machine and with one number of threads: sums of floats depend on them.)
// A stop takes effect within a micro batch, an evaluation of the network or a step of the sampler; the step that it
// cuts short is dropped, and the state after the last whole one saved.
//
// With a group of several processes every one of them calls it with the same arguments, and the folder, the pictures
// and all other files are to be the same for all; rank 0 alone writes. The losses are those of one process, up to the
// order of sums (trainer.h). A process that fails or is lost ends the others by a PeerError that names it and its
// reason.
//
// model.num_classes 0 takes the number of the data's classes, and data.styles the number of its styles. Another number
// is refused, but that labels without names may be fewer than the classes. What can be known before the first step is
// (preflight.h), and a run that fails before it leaves a new folder as it was. Throws ConfigError, DataError and
// CheckpointError; what was written before stays. A loss or a parameter that is not a number is a DataError that names
// the step and the last good checkpoint, and so is memory that ends in the middle.
RunSummary run(RunConfig config, const std::filesystem::path& out, const RunOptions& options, Progress& progress);

}  // namespace pixnerd::train
