#include "train/run.h"

#include <chrono>
#include <cmath>
#include <exception>
#include <utility>

#include "core/counted.h"
#include "core/errors.h"
#include "core/failure.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/random.h"
#include "core/text.h"
#include "data/loader.h"
#include "data/picture_set.h"
#include "data/split.h"
#include "diffusion/noise.h"
#include "models/cost.h"
#include "train/conditions.h"
#include "train/fit_to_data.h"
#include "train/initial_weights.h"
#include "train/monitor.h"
#include "train/network_choice.h"
#include "train/preflight.h"
#include "train/resume.h"
#include "train/run_log.h"
#include "train/step_memory.h"
#include "train/training_state.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

// Streams of core/random.h, so that parameters, draws and data order are independent of each other.
constexpr uint64_t kInitialStream = 1, kDrawStream = 2;

at::Generator generator_for(int64_t seed, uint64_t stream, int64_t step) {
  return diffusion::seeded_generator(random_bits(static_cast<uint64_t>(seed), stream, static_cast<uint64_t>(step)));
}

// Seconds at training: what is done beside it can be left out.
class Seconds {
 public:
  void leave_out_pause(std::chrono::steady_clock::time_point began) {
    last_ += std::chrono::steady_clock::now() - began;
  }

  double since_last() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    return seconds;
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// What saving memory costs, where it is asked for.
void report_recomputation(const RunConfig& config) {
  const TrainConfig& train = config.train;
  if (!train.recompute_blocks && !train.recompute_field) return;
  const models::Cost cost = models::cost_of(config.model, config.data.image_size, config.data.image_size);
  const double again = (train.recompute_blocks ? cost.blocks : 0) + (train.recompute_field ? cost.field : 0);
  const double batch = static_cast<double>(train.micro_batch_size.value_or(train.batch_size)) *
                       (train.precision == models::Precision::bfloat16 ? 2 : 4);
  const double kept = (train.recompute_blocks ? cost.kept_by_blocks_recomputed : cost.kept_by_blocks) +
                      (train.recompute_field ? cost.kept_by_field_recomputed : cost.kept_by_field);
  const auto bytes = [&](double values) { return human_bytes(static_cast<uint64_t>(values * batch)); };
  log_info(concat("recomputing ", train.recompute_blocks ? "transformer blocks" : "",
                  train.recompute_blocks && train.recompute_field ? " and " : "",
                  train.recompute_field ? "neural-field blocks" : "", ": about ",
                  std::lround(100 * again / cost.training()), " % more arithmetic a step, and about ", bytes(kept),
                  " kept for the backward pass instead of ", bytes(cost.kept_by_blocks + cost.kept_by_field)));
}

// What a run works on.
struct Inputs {
  std::shared_ptr<const data::PictureSet> pictures;
  uint64_t fingerprint = 0;
  std::unique_ptr<Conditions> conditions;
  std::optional<Evaluation> evaluation;
};

// One run in its folder, from wherever it stands to its end.
class Run {
 public:
  Run(RunConfig config, Inputs inputs, RunFolder folder, std::optional<StoredRun> stored, const RunOptions& options)
      : config_(std::move(config)),
        options_(options),
        pictures_(std::move(inputs.pictures)),
        description_(description_of(config_, *pictures_)),
        folder_(std::move(folder)),
        conditions_(std::move(inputs.conditions)),
        trainer_(initial_network(!stored), config_.train, config_.flow, conditions_->null_condition()),
        state_{config_, inputs.fingerprint, {}} {
    if (stored) {
      go_on_from(*stored);
    } else if (options_.resume_from) {
      take_over(*options_.resume_from);
    }
    trainer_.stop_when(options_.stop);
    if (inputs.evaluation) inputs.evaluation->read_reference(folder_.reference_path(), options_.stop);
    folder_.write(config_);
    log_.emplace(folder_.path(), trainer_.steps_taken());
    const data::Split split = data::split(*pictures_, config_.data.held_out, static_cast<uint64_t>(config_.train.seed));
    training_ = data::subset(pictures_, split.training);
    monitor_.emplace(Monitored{config_, folder_, *training_, *conditions_, trainer_, *log_},
                     split.held_out.empty() ? nullptr : data::subset(pictures_, split.held_out),
                     std::move(inputs.evaluation), options_.stop);
  }

  RunSummary train(Progress& progress) {
    tell_what_is_trained();
    data::BatchLoader loader(training_, config_.data, config_.train.batch_size,
                             static_cast<uint64_t>(config_.train.seed), trainer_.steps_taken());
    progress.update(trainer_.steps_taken(), config_.train.steps, "");
    clock_.since_last();
    try {
      while (trainer_.steps_taken() < config_.train.steps) {
        const StepReport report = take_step(loader.next());
        progress.update(report.step, config_.train.steps, note(report));
        after_step(report, progress);
      }
    } catch (const Stopped&) {
      summary_.stopped = trainer_.steps_taken() < config_.train.steps;
      save_unless_saved();
    }
    summary_.step = trainer_.steps_taken();
    summary_.broken_pictures = pictures_->broken_at_opening() + loader.broken() + monitor_->broken();
    return summary_;
  }

  // An error ends the run. The parameters are those after the last whole step, which is saved if that can be.
  void save_after_error() {
    if (has_diverged_ || trainer_.steps_taken() == saved_step_) return;
    try {
      save();
      log_warning(concat("the run ends by an error; step ", saved_step_, " is saved in ", quoted(summary_.checkpoint)));
    } catch (const std::exception& error) {
      log_warning(concat("step ", trainer_.steps_taken(), " could not be saved: ", message_of(error)));
    }
  }

  [[noreturn]] void give_up_for_memory() const {
    const int64_t step = trainer_.steps_taken();
    throw DataError(concat("memory ended in step ", step + 1, ", of ",
                           counted(config_.train.batch_size, "picture", "pictures"), ", ",
                           config_.train.micro_batch_size.value_or(config_.train.batch_size),
                           " at once; lower train.micro_batch_size or train.batch_size", last_good()));
  }

 private:
  void tell_what_is_trained() const {
    const int64_t held_out = pictures_->size() - training_->size();
    log_info(concat("training on ", counted(training_->size(), "picture", "pictures"), labels_of(config_),
                    held_out > 0 ? concat(", ", counted(held_out, "picture", "pictures"), " held out") : ""));
    report_recomputation(config_);
  }

  std::shared_ptr<models::Network> initial_network(bool is_new) {
    const auto network = models::make_network(config_.model);
    at::Generator initial = generator_for(config_.train.seed, kInitialStream, 0);
    network->initialise(initial);
    if (options_.init && is_new) {
      const std::string moved = take_weights(*network, description_, *options_.init, options_.init_other_prediction);
      log_info(concat("starting from the weights of ", *options_.init));
      if (!moved.empty()) log_info(moved);
    }
    network->to(options_.device, at::kFloat);
    return network;
  }

  void go_on_from(const StoredRun& stored) {
    trainer_.restore(stored.tensors, stored.step, stored.checkpoint.string());
    state_.since_log_line = stored.state.since_log_line;
    summary_.checkpoint = stored.checkpoint;
    saved_step_ = stored.step;
    log_info(concat("resuming from ", stored.checkpoint));
  }

  // The state of a training of another program or run, on these pictures from its step on.
  void take_over(const fs::path& path) {
    const TrainingState state = read_training_state(path, trainer_.parameters(), config_.train);
    if (state.step >= config_.train.steps) {
      throw ConfigError(concat(quoted(state.source), " is of step ", state.step, ", and train.steps is ",
                               config_.train.steps, "; set train.steps higher to go on"));
    }
    trainer_.restore(state.tensors, state.step, state.source);
    log_info(concat("going on from step ", state.step, " of ", state.source,
                    has_schedule(config_) ? concat("; the learning rate follows a schedule of ",
                                                   counted(config_.train.schedule_length(), "step", "steps"))
                                          : ""));
  }

  StepReport take_step(const data::Batch& batch) {
    const int64_t step = trainer_.steps_taken();
    at::Generator generator = generator_for(config_.train.seed, kDrawStream, step);
    const at::Tensor condition = conditions_->of_batch(*training_, batch, step * config_.train.batch_size);
    try {
      return trainer_.step(batch.images, condition, diffusion::draw(config_.flow, batch.images, generator));
    } catch (const DivergedError& error) {
      has_diverged_ = true;
      throw DataError(concat(error.what(), last_good()));
    }
  }

  bool is_due_now(int64_t every) const { return is_due(every, trainer_.steps_taken(), config_.train.steps); }

  // What is logged comes before the checkpoint of its step, so that a resumed log has no gap.
  void after_step(const StepReport& report, Progress& progress) {
    folder_.keep();
    summary_.loss = report.loss;
    ++summary_.steps;
    state_.since_log_line.add(report.by_time);
    meter_.update(summary_.steps * config_.train.batch_size);
    if (is_due_now(config_.train.log_every)) {
      const LossByTime window = std::exchange(state_.since_log_line, {});
      log_->add(LogEntry{report.step, window.mean(), window, report.learning_rate, report.gradient_norm,
                         static_cast<double>(window.samples()) / clock_.since_last(), resident_bytes()});
    }
    const auto began = std::chrono::steady_clock::now();
    monitor_->run_due();
    if (is_due_now(config_.train.checkpoint_every)) save();
    clock_.leave_out_pause(began);
    meter_.leave_out_pause();
    progress.leave_out_pause();
  }

  std::string last_good() const {
    if (summary_.checkpoint.empty()) return "; no checkpoint was written before";
    return concat("; the last good checkpoint is ", summary_.checkpoint);
  }

  void save() {
    for (const auto& [name, tensor] : trainer_.state()) {
      if (is_finite(tensor)) continue;
      has_diverged_ = true;
      throw DataError(concat("the run has diverged: ", name, " is not finite after step ", trainer_.steps_taken(),
                             "; lower train.learning_rate, or set train.gradient_clip_norm", last_good()));
    }
    folder_.keep();
    summary_.checkpoint = folder_.save(trainer_, description_, state_);
    saved_step_ = trainer_.steps_taken();
  }

  void save_unless_saved() {
    if (trainer_.steps_taken() != saved_step_) save();
  }

  std::string note(const StepReport& report) const {
    return concat("loss ", static_cast<float>(report.loss), ", ", static_cast<int64_t>(meter_.per_second()),
                  " images a second");
  }

  RunConfig config_;
  RunOptions options_;
  std::shared_ptr<const data::PictureSet> pictures_, training_;
  sample::ModelDescription description_;
  RunFolder folder_;
  std::unique_ptr<Conditions> conditions_;
  Trainer trainer_;
  RunState state_;
  std::optional<RunLog> log_;
  std::optional<Monitor> monitor_;
  Seconds clock_;
  RateMeter meter_;
  RunSummary summary_;
  bool has_diverged_ = false;
  int64_t saved_step_ = 0;  // nothing is to be saved of step 0
};

RunSummary start(RunConfig config, const fs::path& out, const RunOptions& options, Progress& progress) {
  RunFolder::require(out, options.start);
  settle_network(config, out, options);
  Inputs inputs;
  inputs.pictures = data::open_pictures(config.data);
  inputs.fingerprint = data::fingerprint(*inputs.pictures);
  fit_to_data(config, *inputs.pictures);
  check_settings(config, description_of(config, *inputs.pictures));
  check_outside(config, out);
  inputs.conditions = make_conditions(config, *inputs.pictures, options.stop);
  if (config.eval.every > 0) {
    inputs.evaluation.emplace(config, *inputs.pictures, *inputs.conditions, options.load_extractor);
  }
  if (options.device.is_cpu()) check_memory(config, available_bytes());
  RunFolder folder = RunFolder::open(out, options.start);
  std::optional<StoredRun> stored = stored_run(folder);
  settle_average(config, stored ? &stored->state.config : nullptr);
  settle_schedule(config, stored ? &stored->state.config : nullptr);
  if (stored) require_same_run(*stored, config, inputs.fingerprint);
  check_folder(config, folder);
  Run run(std::move(config), std::move(inputs), std::move(folder), stored, options);
  try {
    return run.train(progress);
  } catch (const std::exception& error) {
    run.save_after_error();
    if (is_out_of_memory(error)) run.give_up_for_memory();
    throw;
  }
}

}  // namespace

RunSummary run(RunConfig config, const fs::path& out, const RunOptions& options, Progress& progress) {
  try {
    return start(std::move(config), out, options, progress);
  } catch (const Stopped&) {  // before the first step
    RunSummary summary;
    summary.stopped = true;
    return summary;
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error)) throw;
    throw DataError("memory ended; lower train.micro_batch_size or train.batch_size, or train a smaller model");
  }
}

}  // namespace pixnerd::train
