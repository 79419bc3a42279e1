#include "train/run.h"

#include <c10/util/Exception.h>

#include <chrono>
#include <cmath>
#include <exception>
#include <utility>

#include "core/errors.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/random.h"
#include "core/text.h"
#include "data/picture_set.h"
#include "data/split.h"
#include "diffusion/noise.h"
#include "image/codec.h"
#include "models/cost.h"
#include "train/conditions.h"
#include "train/evaluation.h"
#include "train/initial_weights.h"
#include "train/preview.h"
#include "train/run_folder.h"
#include "train/run_log.h"
#include "train/training_state.h"
#include "train/validation.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

// Streams of core/random.h, so that parameters, draws and data order are independent of each other.
constexpr uint64_t kInitialStream = 1, kDrawStream = 2;

at::Generator generator_for(int64_t seed, uint64_t stream, int64_t step) {
  return diffusion::seeded_generator(random_bits(static_cast<uint64_t>(seed), stream, static_cast<uint64_t>(step)));
}

void take_count(int64_t& configured, int64_t present, const char* key, const char* what, const std::string& path) {
  if (configured == 0) configured = present;
  if (configured == present) return;
  throw ConfigError(concat(key, " is ", configured, ", but '", path, "' has ", present, " ", what, "; set ", key,
                           " to ", present, ", or to 0 to take it from the data"));
}

// Sizes that the data decides.
void fit_to_data(RunConfig& config, const data::PictureSet& pictures) {
  if (config.model.takes_text()) return;  // captions take the place of classes
  for (int64_t i = 0; i < pictures.size(); ++i) {
    if (pictures.label(i) >= 0) continue;
    throw DataError(
        concat("data set '", config.data.path, "': picture ", printable(pictures.name(i)),
               " has no class; give every picture a class folder, or a \"label\" or \"class\" in its JSON"));
  }
  // Bare numbers may be of a part of a set: the highest one there says little.
  const bool may_be_more = pictures.classes().empty() && config.model.num_classes > pictures.num_classes();
  if (!may_be_more) {
    take_count(config.model.num_classes, pictures.num_classes(), "model.num_classes", "classes", config.data.path);
  }
  if (config.data.styles && pictures.styles().empty()) {
    throw ConfigError(concat("data.styles is set, but no picture of '", config.data.path, "' has a style"));
  }
  if (!config.data.styles && config.model.num_styles > 0) {
    throw ConfigError("model.num_styles needs data.styles: true");
  }
  take_count(config.model.num_styles, static_cast<int64_t>(pictures.styles().size()), "model.num_styles", "styles",
             config.data.path);
}

sample::ModelDescription description_of(const RunConfig& config, const data::PictureSet& pictures) {
  if (config.model.takes_text()) return {config.model, config.sample, {}, {}};
  return {config.model, config.sample, pictures.classes(), pictures.styles()};
}

// What pictures are told apart by, for the log.
std::string labels_of(const RunConfig& config) {
  if (config.model.takes_text()) return " with captions";
  return concat(" of ", config.model.num_classes, " classes",
                config.data.styles ? concat(" in ", config.model.num_styles, " styles") : "");
}

// Seconds at training: what is done beside it can be left out.
class Seconds {
 public:
  void leave_out(const std::function<void()>& work) {
    const auto began = std::chrono::steady_clock::now();
    work();
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

// One run in its folder, from wherever it stands to its end.
class Run {
 public:
  Run(RunConfig config, std::shared_ptr<const data::PictureSet> pictures, std::unique_ptr<Conditions> conditions,
      std::optional<Evaluation> evaluation, RunFolder folder, const RunOptions& options)
      : config_(std::move(config)),
        options_(options),
        pictures_(std::move(pictures)),
        description_(description_of(config_, *pictures_)),
        folder_(std::move(folder)),
        conditions_(std::move(conditions)),
        trainer_(initial_network(), config_.train, config_.flow, conditions_->null_condition()),
        state_{config_, data::fingerprint(*pictures_), {}},
        evaluation_(std::move(evaluation)) {
    const auto checkpoint = folder_.last_checkpoint();
    if (checkpoint) {
      resume_from(*checkpoint);
    } else if (options_.resume_from) {
      take_over(*options_.resume_from);
    } else if (const auto before = folder_.config()) {
      check_resumable(*before, config_);
    }
    folder_.write(config_);
    log_.emplace(folder_.path(), trainer_.steps_taken());
    const data::Split split = data::split(*pictures_, config_.data.held_out, static_cast<uint64_t>(config_.train.seed));
    training_ = data::subset(pictures_, split.training);
    if (evaluation_) evaluation_->read_reference(folder_.reference_path());
    if (!split.held_out.empty()) validation_.emplace(data::subset(pictures_, split.held_out), *conditions_, config_);
  }

  RunSummary train(Progress& progress) {
    log_info(concat("training on ", training_->size(), " pictures", labels_of(config_),
                    validation_ ? concat(", ", pictures_->size() - training_->size(), " pictures held out") : ""));
    report_recomputation();
    data::BatchLoader loader(training_, config_.data, config_.train.batch_size,
                             static_cast<uint64_t>(config_.train.seed), trainer_.steps_taken());
    Seconds clock;
    const int64_t first = trainer_.steps_taken();
    progress.update(first, config_.train.steps, "");
    for (int64_t step = first; step < config_.train.steps; ++step) {
      const data::Batch batch = loader.next();
      at::Generator generator = generator_for(config_.train.seed, kDrawStream, step);
      const at::Tensor condition = conditions_->of_batch(*training_, batch, step * config_.train.batch_size);
      const StepReport report =
          take_step(batch.images, condition, diffusion::draw(config_.flow, batch.images, generator));
      summary_.loss = report.loss;
      ++summary_.steps;
      state_.since_log_line.add(report.by_time);
      meter_.update((report.step - first) * config_.train.batch_size);
      progress.update(report.step, config_.train.steps, note(report));
      after_step(report, clock);
      summary_.stopped = options_.stop() && report.step < config_.train.steps;
      if (summary_.stopped || is_due(config_.train.checkpoint_every)) save();
      if (summary_.stopped) break;
    }
    summary_.step = trainer_.steps_taken();
    summary_.broken_pictures =
        pictures_->broken_at_opening() + loader.broken() + (validation_ ? validation_->broken() : 0);
    return summary_;
  }

 private:
  // What saving memory costs, where it is asked for.
  void report_recomputation() const {
    const TrainConfig& train = config_.train;
    if (!train.recompute_blocks && !train.recompute_field) return;
    const models::Cost cost = models::cost_of(config_.model, config_.data.image_size, config_.data.image_size);
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

  std::shared_ptr<models::Network> initial_network() {
    const auto network = models::make_network(config_.model);
    at::Generator initial = generator_for(config_.train.seed, kInitialStream, 0);
    network->initialise(initial);
    if (options_.init && !folder_.last_checkpoint()) {
      const std::string moved = take_weights(*network, description_, *options_.init, options_.init_other_prediction);
      log_info(concat("starting from the weights of ", *options_.init));
      if (!moved.empty()) log_info(moved);
    }
    network->to(options_.device, at::kFloat);
    return network;
  }

  void resume_from(const fs::path& checkpoint) {
    state_ = restore(checkpoint, trainer_, [&](const RunState& before) {
      check_resumable(before.config, config_);
      if (before.data_fingerprint == state_.data_fingerprint) return;
      throw DataError(concat("the pictures in '", config_.data.path, "' are not those that the run in '",
                             folder_.path(), "' began with; bring them back, or start a new run with --init ",
                             checkpoint));
    });
    state_.config = config_;
    summary_.checkpoint = checkpoint;
    log_info(concat("resuming from ", checkpoint));
  }

  // The state of a training of another program or run, on these pictures from its step on.
  void take_over(const fs::path& path) {
    const TrainingState state = read_training_state(path, trainer_.parameters(), config_.train);
    if (state.step >= config_.train.steps) {
      throw ConfigError(concat("'", state.source, "' is of step ", state.step, ", and train.steps is ",
                               config_.train.steps, "; set train.steps higher to go on"));
    }
    trainer_.restore(state.tensors, state.step, state.source);
    log_info(concat("going on from step ", state.step, " of ", state.source));
  }

  StepReport take_step(const at::Tensor& images, const at::Tensor& condition, const diffusion::Draws& draws) {
    try {
      return trainer_.step(images, condition, draws);
    } catch (const DivergedError& error) {
      throw DataError(concat(error.what(), summary_.checkpoint.empty()
                                               ? "; no checkpoint was written before"
                                               : concat("; the last good checkpoint is ", summary_.checkpoint)));
    }
  }

  // At an interval, and at the end of the run; never where the interval is 0.
  bool is_due(int64_t every) const {
    const int64_t step = trainer_.steps_taken();
    return every > 0 && (step % every == 0 || step == config_.train.steps);
  }

  // What is logged comes before the checkpoint of its step, so that a resumed log has no gap.
  void after_step(const StepReport& report, Seconds& clock) {
    if (is_due(config_.train.log_every)) {
      const LossByTime window = std::exchange(state_.since_log_line, {});
      log_->add(LogEntry{report.step, window.mean(), window, report.learning_rate, report.gradient_norm,
                         static_cast<double>(window.samples()) / clock.since_last(), resident_bytes()});
    }
    clock.leave_out([&] { look_around(); });
  }

  // What a run does beside training.
  void look_around() {
    if (validation_ && is_due(config_.train.validate_every)) {
      const LossByTime losses = validation_->run(trainer_.averaged_network(), options_.stop);
      if (losses.samples() > 0) log_->add(ValidationEntry{trainer_.steps_taken(), losses.mean(), losses});
    }
    if (is_due(config_.train.sample_every) && !options_.stop()) draw_preview();
    if (evaluation_ && is_due(config_.eval.every) && !options_.stop()) evaluate();
  }

  // Nothing that happens while pictures are judged, be it that memory ends, is a reason to lose the training.
  void evaluate() {
    const int64_t step = trainer_.steps_taken();
    log_info(concat("evaluating ", evaluation_->pictures(), " pictures at step ", step));
    try {
      const auto report = evaluation_->run(trainer_.averaged_network(), options_.stop);
      if (!report) return;
      EvaluationEntry entry{step, evaluation_->pictures(), {}};
      for (const eval::Result& each : report->results) entry.figures.emplace_back(name_of(each.metric), each.value);
      log_->add(entry);
      log_info(concat("step ", step, ": ", text_of(*report)));
      for (const auto& [metric, reason] : report->failures) {
        log_warning(concat("the evaluation at step ", step, " gave no ", name_of(metric), ": ", reason));
      }
      if (std::exchange(has_warned_, true)) return;
      for (const std::string& warning : report->warnings) log_warning(warning);
    } catch (const c10::Error& error) {
      warn_of_evaluation(step, error.what_without_backtrace());
    } catch (const std::exception& error) {
      warn_of_evaluation(step, error.what());
    }
  }

  static void warn_of_evaluation(int64_t step, const char* reason) {
    log_warning(concat("the evaluation at step ", step, " gave no figures: ", printable(reason, 1000)));
  }

  void draw_preview() {
    const image::Image grid = preview(trainer_.averaged_network(), *conditions_, *training_, config_);
    image::write_png(folder_.sample_path(trainer_.steps_taken()), grid);
    const std::vector<std::byte> png = image::encode_png(grid);
    log_->add_image(trainer_.steps_taken(), "samples", png, grid.width, grid.height);
  }

  void save() { summary_.checkpoint = folder_.save(trainer_, description_, state_); }

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
  std::optional<Validation> validation_;
  std::optional<Evaluation> evaluation_;
  bool has_warned_ = false;  // of what its figures cannot say, the same each time
  RateMeter meter_;
  RunSummary summary_;
};

}  // namespace

RunSummary run(RunConfig config, const fs::path& out, const RunOptions& options, Progress& progress) {
  auto pictures = data::open_pictures(config.data);
  fit_to_data(config, *pictures);
  std::unique_ptr<Conditions> conditions = make_conditions(config, *pictures);
  std::optional<Evaluation> evaluation;
  if (config.eval.every > 0) evaluation.emplace(config, *pictures, *conditions, options.load_extractor);
  return Run(std::move(config), std::move(pictures), std::move(conditions), std::move(evaluation),
             RunFolder::open(out, options.resume), options)
      .train(progress);
}

}  // namespace pixnerd::train
