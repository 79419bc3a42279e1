#include "train/run.h"

#include <ATen/ops/full.h>

#include <chrono>
#include <cmath>
#include <exception>
#include <utility>

#include "core/counted.h"
#include "core/errors.h"
#include "core/failure.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/text.h"
#include "data/loader.h"
#include "data/split.h"
#include "train/average_snapshot.h"
#include "train/feature_store.h"
#include "train/fit_to_data.h"
#include "train/monitor.h"
#include "train/network_choice.h"
#include "train/preflight.h"
#include "train/resume.h"
#include "train/run_inputs.h"
#include "train/run_log.h"
#include "train/run_notes.h"
#include "train/saver.h"
#include "train/step_draws.h"
#include "train/training_state.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

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

// What rank 0 has of a run beside its part of the work.
struct Records {
  explicit Records(RunFolder run_folder) : folder(std::move(run_folder)) {}

  RunFolder folder;
  std::optional<RunLog> log;
  std::optional<Monitor> monitor;
};

// One run in its folder, from wherever it stands to its end, as one process of it sees it.
class Run {
 public:
  // `folder`: of rank 0.
  Run(RunConfig config, RunInputs inputs, std::optional<RunFolder> folder, const std::optional<StoredRun>& stored,
      const RunOptions& options, Progress& progress)
      : config_(std::move(config)),
        options_(options),
        group_(*options.group),
        share_(config_.train.batch_size / group_.size()),
        pictures_(std::move(inputs.pictures)),
        conditions_(std::move(inputs.conditions)),
        trainer_(initial_network(config_, options, !stored, description_of(config_, *pictures_)), config_.train,
                 config_.flow, conditions_->null_condition(), make_objective(config_, inputs.judges, options.device),
                 options.group),
        state_{config_, inputs.fingerprint, {}},
        description_(description_of(config_, *pictures_)),
        saver_(description_) {
    if (stored) {
      go_on_from(*stored);
    } else if (options_.resume_from) {
      take_over(*options_.resume_from);
    }
    trainer_.stop_when(options_.stop);
    const data::Split split = data::split(*pictures_, config_.data.held_out, static_cast<uint64_t>(config_.train.seed));
    training_ = data::subset(pictures_, split.training);
    if (folder) keep_records(std::move(*folder), std::move(inputs.evaluation), split);
    if (!config_.repa.features.empty() && config_.repa.weight > 0) {
      features_.emplace(config_, training_, inputs.judges.teacher.get(), group_, options_.stop, progress);
    }
  }

  RunSummary train(Progress& progress) {
    if (group_.is_first())
      tell_what_is_trained(config_, training_->size(), pictures_->size() - training_->size(), group_);
    data::BatchLoader loader(training_, config_.data, share_, static_cast<uint64_t>(config_.train.seed),
                             trainer_.steps_taken(), {group_.rank(), group_.size()});
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
      save(Saver::When::now);
    }
    saver_.finish();
    tell_of_waiting();
    summary_.step = trainer_.steps_taken();
    summary_.checkpoint = saver_.last();
    const int64_t broken = loader.broken() + (records_ && records_->monitor ? records_->monitor->broken() : 0);
    summary_.broken_pictures =
        pictures_->broken_at_opening() + group_.gather(at::full({1}, broken, at::kLong)).sum().item<int64_t>();
    return summary_;
  }

  // An error ends the run. The parameters are those after the last whole step, which is saved if that can be: not
  // where other processes have a part of it.
  void save_after_error() {
    if (has_diverged_ || !group_.is_alone() || trainer_.steps_taken() == saver_.saved_step()) return;
    try {
      save(Saver::When::now);
      log_warning(
          concat("the run ends by an error; step ", saver_.saved_step(), " is saved in ", quoted(saver_.last())));
    } catch (const std::exception& error) {
      log_warning(concat("step ", trainer_.steps_taken(), " could not be saved: ", message_of(error)));
    }
  }

  [[noreturn]] void give_up_for_memory() {
    throw DataError(concat("memory ended in step ", trainer_.steps_taken() + 1, ", of ",
                           counted(share_, "picture", "pictures"), ", ",
                           config_.train.micro_batch_size.value_or(share_),
                           " at once; lower train.micro_batch_size or train.batch_size", saver_.last_good()));
  }

 private:
  void keep_records(RunFolder folder, std::optional<Evaluation> evaluation, const data::Split& split) {
    records_.emplace(std::move(folder));
    saver_.write_into(records_->folder);
    if (evaluation) evaluation->read_reference(records_->folder.reference_path(), options_.stop);
    records_->folder.write(config_);
    remove_snapshots_after(records_->folder.path(), trainer_.steps_taken());
    records_->log.emplace(records_->folder.path(), trainer_.steps_taken());
    records_->monitor.emplace(
        Monitored{config_, records_->folder, *training_, *conditions_, trainer_, *records_->log, options_.show_grid},
        split.held_out.empty() ? nullptr : data::subset(pictures_, split.held_out), std::move(evaluation),
        options_.stop);
  }

  void go_on_from(const StoredRun& stored) {
    trainer_.restore(stored.tensors, stored.step, stored.checkpoint.string());
    state_.since_log_line = stored.state.since_log_line;
    saver_.begin_from(stored.checkpoint, stored.step);
    if (group_.is_first()) log_info(concat("resuming from ", stored.checkpoint));
  }

  // The state of a training of another program or run, on these pictures from its step on.
  void take_over(const fs::path& path) {
    const TrainingState state = read_training_state(path, trainer_.parameters(), trainer_.beside(), config_.train);
    if (state.step >= config_.train.steps) {
      throw ConfigError(concat(quoted(state.source), " is of step ", state.step, ", and train.steps is ",
                               config_.train.steps, "; set train.steps higher to go on"));
    }
    trainer_.restore(state.tensors, state.step, state.source);
    if (!group_.is_first()) return;
    log_info(concat("going on from step ", state.step, " of ", state.source,
                    has_schedule(config_) ? concat("; the learning rate follows a schedule of ",
                                                   counted(config_.train.schedule_length(), "step", "steps"))
                                          : ""));
  }

  // This process's part of a step.
  StepReport take_step(const data::Batch& batch) {
    const int64_t first = trainer_.steps_taken() * config_.train.batch_size + group_.rank() * share_;
    const StepPart part_of_step{trainer_.steps_taken(), group_.rank() * share_, share_};
    TrainingBatch part{batch.images,
                       conditions_->of_batch(*training_, batch, first),
                       draws_of(config_, part_of_step, batch.images.sizes().slice(1)),
                       {},
                       conditions_->captions_together(*training_, batch, first)};
    if (features_) part.features = features_->of(batch.pictures);
    try {
      return trainer_.step(part);
    } catch (const DivergedError& error) {
      has_diverged_ = true;
      throw DataError(concat(error.what(), saver_.last_good()));
    }
  }

  bool is_due_now(int64_t every) const { return is_due(every, trainer_.steps_taken(), config_.train.steps); }

  // What is logged comes before the checkpoint of its step, so that a resumed log has no gap.
  void after_step(const StepReport& report, Progress& progress) {
    if (records_) records_->folder.keep();
    summary_.loss = report.loss;
    ++summary_.steps;
    state_.since_log_line.add(report.losses);
    meter_.update(summary_.steps * config_.train.batch_size);
    if (is_due_now(config_.train.log_every)) log(report);
    saver_.check();
    const auto began = std::chrono::steady_clock::now();
    if (is_due_now(config_.train.average_every)) store_averages();
    monitor();
    if (is_due_now(config_.train.checkpoint_every)) save(Saver::When::in_background);
    clock_.leave_out_pause(began);
    meter_.leave_out_pause();
    progress.leave_out_pause();
  }

  // Of the time at training; what was done beside it counts for neither.
  void tell_of_waiting() const {
    if (group_.is_alone() || !group_.is_first() || trained_ == 0) return;
    log_info(concat("rank 0 waited for the others and for messages in ", std::lround(100 * waited_ / trained_),
                    " % of the time"));
  }

  void log(const StepReport& report) {
    const LossWindow window = std::exchange(state_.since_log_line, {});
    const auto samples = static_cast<double>(window.flow.samples());
    const double seconds = clock_.since_last(), waited = group_.waited() - waited_before_;
    waited_before_ = group_.waited();
    waited_ += waited;
    trained_ += seconds;
    if (!records_) return;
    LogEntry entry;
    entry.step = report.step;
    entry.loss = window.flow.mean();
    entry.by_time = window.flow;
    for (const SideLoss loss : kSideLosses) {
      if (trainer_.objective().weight_of(loss) > 0) entry.beside[loss] = window.beside[loss] / samples;
    }
    entry.learning_rate = report.learning_rate;
    entry.gradient_norm = report.gradient_norm;
    entry.images_per_second = samples / seconds;
    entry.memory_bytes = resident_bytes();
    if (!group_.is_alone()) entry.waiting = waited / seconds;
    records_->log->add(entry);
  }

  void store_averages() {
    const auto averages = trainer_.power_averages();
    for (const auto& [sigma_rel, average] : averages) {
      if (records_) write_snapshot(records_->folder.path(), {trainer_.steps_taken(), sigma_rel}, average, description_);
    }
  }

  // Rank 0 alone looks at the network; the others wait for it, and stop with it.
  void monitor() {
    if (!Monitor::is_anything_due(config_, trainer_.steps_taken())) return;
    trainer_.collect_average();
    bool is_stopped = false;
    try {
      if (records_) records_->monitor->run_due();
    } catch (const Stopped&) {
      is_stopped = true;
    }
    if (group_.any(is_stopped)) throw Stopped();
  }

  void save(Saver::When when) {
    if (records_ && trainer_.steps_taken() != saver_.saved_step()) records_->folder.keep();
    try {
      saver_.save(trainer_, state_, when);
    } catch (const NotFiniteError&) {
      has_diverged_ = true;
      throw;
    }
  }

  std::string note(const StepReport& report) const {
    return concat("loss ", static_cast<float>(report.loss), ", ", static_cast<int64_t>(meter_.per_second()),
                  " images a second");
  }

  RunConfig config_;
  RunOptions options_;
  dist::Group& group_;
  const int64_t share_;  // of a batch
  std::shared_ptr<const data::PictureSet> pictures_, training_;
  std::unique_ptr<Conditions> conditions_;
  Trainer trainer_;
  RunState state_;
  sample::ModelDescription description_;
  std::optional<Records> records_;
  Saver saver_;
  std::optional<FeatureStore> features_;
  Seconds clock_;
  RateMeter meter_;
  RunSummary summary_;
  double waited_before_ = 0, waited_ = 0, trained_ = 0;  // seconds
  bool has_diverged_ = false;
};

// Rank 0 says which checkpoint all go on from.
std::optional<StoredRun> agreed_run(const dist::Group& group, const std::optional<RunFolder>& folder) {
  std::optional<StoredRun> stored = folder ? stored_run(*folder) : std::nullopt;
  const std::string path = group.broadcast(stored ? stored->checkpoint.string() : "");
  if (!folder && !path.empty()) stored = read_run(path);
  return stored;
}

RunSummary start(RunConfig config, const fs::path& out, const RunOptions& options, Progress& progress) {
  const dist::Group& group = *options.group;
  if (group.is_first()) RunFolder::require(out, options.start);
  settle_network(config, out, options);
  RunInputs inputs = open_inputs(config, out, options);
  std::optional<RunFolder> folder;
  if (group.is_first()) folder.emplace(RunFolder::open(out, options.start));
  std::optional<StoredRun> stored = agreed_run(group, folder);
  settle_average(config, stored ? &stored->state.config : nullptr);
  settle_schedule(config, stored ? &stored->state.config : nullptr);
  if (stored) require_same_run(*stored, config, inputs.fingerprint);
  if (folder) check_folder(config, *folder);
  Run run(std::move(config), std::move(inputs), std::move(folder), stored, options, progress);
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
    RunSummary summary = start(std::move(config), out, options, progress);
    options.group->finish();
    return summary;
  } catch (const Stopped&) {  // before the first step
    options.group->fail("it was stopped before the first step");
    RunSummary summary;
    summary.stopped = true;
    return summary;
  } catch (const dist::PeerError&) {
    throw;
  } catch (const std::exception& error) {
    const bool no_memory = is_out_of_memory(error);
    constexpr const char* kNoMemory =
        "memory ended; lower train.micro_batch_size or train.batch_size, or train a smaller model";
    options.group->fail(no_memory ? kNoMemory : message_of(error));
    if (no_memory) throw DataError(kNoMemory);
    throw;
  }
}

}  // namespace pixnerd::train
