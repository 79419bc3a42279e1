// What a run shows of its network on the way, beside training: validation losses, grids of pictures, figures of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "core/stop.h"
#include "data/picture_set.h"
#include "train/conditions.h"
#include "train/config.h"
#include "train/evaluation.h"
#include "train/run.h"
#include "train/run_folder.h"
#include "train/run_log.h"
#include "train/trainer.h"
#include "train/validation.h"

namespace pixnerd::train {

// At an interval, and at the end of the run; never where the interval is 0.
inline bool is_due(int64_t every, int64_t step, int64_t steps) {
  return every > 0 && (step % every == 0 || step == steps);
}

// What it works on; all of it must outlive it.
struct Monitored {
  const RunConfig& config;
  const RunFolder& folder;
  const data::PictureSet& training;
  Conditions& conditions;
  Trainer& trainer;
  RunLog& log;
  const GridShown& show_grid;
};

class Monitor {
 public:
  // Whether run_due() would do anything after this step, whatever there is to do it with.
  static bool is_anything_due(const RunConfig& config, int64_t step);

  // `held_out` may be null: there is no validation then.
  Monitor(const Monitored& run, std::shared_ptr<const data::PictureSet> held_out, std::optional<Evaluation> evaluation,
          StopRequested stop);

  // Whatever is due after the trainer's step. Stopped, within an evaluation of the network or a step of the sampler, if
  // `stop` says so: what it was at is left out. A grid or figures that fail are a warning, whatever the reason:
  // training is not lost for them. DataError where the log cannot be written.
  void run_due();

  // Held-out pictures that could not be read so far.
  int64_t broken() const { return validation_ ? validation_->broken() : 0; }

 private:
  void validate();
  void draw_preview();
  void evaluate();
  void warn_of_failure(const char* what, const std::function<void()>& work);

  Monitored run_;
  std::optional<Validation> validation_;
  std::optional<Evaluation> evaluation_;
  StopRequested stop_;
  bool has_warned_ = false;  // of what the figures cannot say, the same each time
};

}  // namespace pixnerd::train
