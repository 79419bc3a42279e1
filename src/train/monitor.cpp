#include "train/monitor.h"

#include <exception>
#include <utility>
#include <vector>

#include "core/counted.h"
#include "core/failure.h"
#include "core/log.h"
#include "core/text.h"
#include "image/codec.h"
#include "train/preview.h"

namespace pixnerd::train {
namespace {

constexpr const char* kMemoryEnded = "memory ended; lower train.sample_pictures, eval.batch_size or sample.size";

}  // namespace

Monitor::Monitor(const Monitored& run, std::shared_ptr<const data::PictureSet> held_out,
                 std::optional<Evaluation> evaluation, StopRequested stop)
    : run_(run), evaluation_(std::move(evaluation)), stop_(std::move(stop)) {
  if (held_out) validation_.emplace(std::move(held_out), run_.conditions, run_.config);
}

bool Monitor::is_anything_due(const RunConfig& config, int64_t step) {
  const TrainConfig& train = config.train;
  return is_due(train.validate_every, step, train.steps) || is_due(train.sample_every, step, train.steps) ||
         is_due(config.eval.every, step, train.steps);
}

void Monitor::run_due() {
  const TrainConfig& train = run_.config.train;
  const int64_t step = run_.trainer.steps_taken();
  if (validation_ && is_due(train.validate_every, step, train.steps)) validate();
  if (is_due(train.sample_every, step, train.steps)) {
    warn_of_failure("grid of pictures", [this] { draw_preview(); });
  }
  if (evaluation_ && is_due(run_.config.eval.every, step, train.steps)) {
    warn_of_failure("evaluation", [this] { evaluate(); });
  }
}

void Monitor::validate() {
  models::Network& network = run_.trainer.averaged_network();
  const data::DataConfig& data = run_.config.data;
  const LossByTime losses = validation_->run(network, data.image_size, stop_);
  if (losses.samples() == 0) return;
  ValidationEntry entry{run_.trainer.steps_taken(), losses.mean(), losses, {}};
  for (const int64_t side : data.more_sizes) {
    entry.more_sizes.emplace_back(side, validation_->run(network, side, stop_).mean());
  }
  run_.log.add(entry);
}

void Monitor::draw_preview() {
  const int64_t step = run_.trainer.steps_taken();
  const image::Image grid =
      preview(run_.trainer.averaged_network(), run_.conditions, run_.training, run_.config, stop_);
  const std::filesystem::path file = run_.folder.sample_path(step);
  image::write_png(file, grid);
  const std::vector<std::byte> png = image::encode_png(grid);
  run_.log.add_image(step, "samples", png, grid.width, grid.height);
  if (run_.show_grid) run_.show_grid(step, file, grid);
}

void Monitor::evaluate() {
  const int64_t step = run_.trainer.steps_taken();
  log_info(concat("evaluating ", counted(evaluation_->pictures(), "picture", "pictures"), " at step ", step));
  const eval::Report report = evaluation_->run(run_.trainer.averaged_network(), stop_);
  EvaluationEntry entry{step, evaluation_->pictures(), {}};
  const eval::FeatureNetwork network = evaluation_->network();
  for (const eval::Result& each : report.results) {
    entry.figures.emplace_back(name_of(each.metric, network), each.value);
  }
  run_.log.add(entry);
  log_info(concat("step ", step, ": ", text_of(report, network)));
  for (const auto& [metric, reason] : report.failures) {
    log_warning(concat("the evaluation at step ", step, " gave no ", name_of(metric, network), ": ", reason));
  }
  if (std::exchange(has_warned_, true)) return;
  for (const std::string& warning : report.warnings) log_warning(warning);
}

void Monitor::warn_of_failure(const char* what, const std::function<void()>& work) {
  try {
    work();
  } catch (const Stopped&) {
    throw;
  } catch (const std::exception& error) {
    log_warning(concat("there is no ", what, " at step ", run_.trainer.steps_taken(), ": ",
                       is_out_of_memory(error) ? kMemoryEnded : message_of(error)));
  }
}

}  // namespace pixnerd::train
