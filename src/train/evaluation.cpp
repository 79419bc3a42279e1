#include "train/evaluation.h"

#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "core/counted.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"
#include "data/shard_paths.h"
#include "eval/open_reference.h"
#include "eval/sampled_pictures.h"
#include "eval/unsupported_reason.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

// What an earlier start of the run kept; nothing where that is missing, of something else, or too little.
std::optional<eval::Reference> read_cache(const fs::path& cache, const std::string& key,
                                          const std::vector<eval::Metric>& metrics) {
  if (!fs::exists(cache)) return std::nullopt;
  try {
    eval::Reference kept = eval::load_reference(cache, key);
    const bool serves = std::all_of(metrics.begin(), metrics.end(),
                                    [&](eval::Metric metric) { return eval::missing_part(kept, metric).empty(); });
    if (serves) return kept;
  } catch (const Error&) {
  }
  return std::nullopt;
}

}  // namespace

Evaluation::Evaluation(const RunConfig& config, const data::PictureSet& pictures, Conditions& conditions,
                       const LoadExtractor& load_extractor, const at::Device& device)
    : config_(config.eval), conditions_(conditions), extractor_(load_extractor(config_.extractor, device)) {
  const auto seed = static_cast<uint64_t>(config_.seed);
  settings_.metrics = config_.metrics;
  settings_.network = network();
  settings_.resamples = 0;
  settings_.seed = seed;
  drawing_.precision = config.train.precision;
  drawing_.batch = config_.batch_size;
  const auto settings = std::make_shared<const sample::SampleConfig>(config.sample);
  for (const int64_t index : eval::drawn_pictures(pictures.size(), config_.pictures, seed)) {
    sample::PictureRequest request;
    conditions.ask_for(request, pictures, index);
    request.seed = seed + requests_.size();
    request.settings = settings;
    requests_.push_back(std::move(request));
  }
  if (eval::needs_reference(settings_.metrics) && !data::is_there(config_.reference)) {
    throw DataError(concat("eval.reference: there is no file or folder ", quoted(config_.reference)));
  }
}

void Evaluation::read_reference(const fs::path& cache, const StopRequested& stop) {
  if (eval::needs_reference(settings_.metrics)) reference_ = look_at_reference(cache, stop);
  require_comparable();
}

eval::Reference Evaluation::look_at_reference(const fs::path& cache, const StopRequested& stop) const {
  std::string key = concat(extractor_.name, ", ", config_.reference);
  for (const std::string& pattern : config_.include) key += concat(", ", pattern);
  if (config_.crop > 0) key += concat(", crop ", config_.crop);
  if (auto kept = read_cache(cache, key, settings_.metrics)) return *kept;
  bool looked = false;
  const auto look = [&](eval::Pictures& pictures, const eval::Needs& needs) {
    looked = true;
    log_info(concat("looking at ", counted(pictures.size(), "picture", "pictures"), " of the reference ",
                    config_.reference));
    const c10::NoGradGuard no_grad;
    StoppableProgress progress(stop);
    return eval::extract(pictures, extractor_.extract, config_.batch_size, needs, &progress);
  };
  const eval::Reference reference = eval::open_reference(
      {config_.reference, {config_.include, config_.crop}, extractor_.name, settings_.metrics}, look);
  if (looked) eval::save_reference(cache, reference, key);
  return reference;
}

// What evaluate() would refuse, found by one black picture.
void Evaluation::require_comparable() const {
  const c10::NoGradGuard no_grad;
  const auto [width, height] = requests_.front().settings->picture_size();
  const eval::Features seen = extractor_.extract(at::zeros({1, height, width, 3}, at::kByte));
  for (const eval::Metric metric : settings_.metrics) {
    const std::string reason =
        eval::unsupported_reason(metric, seen, pictures(), reference_ ? &*reference_ : nullptr, settings_);
    if (!reason.empty()) throw DataError(concat("eval: ", reason));
  }
}

eval::Report Evaluation::run(models::Network& network, const StopRequested& stop) const {
  const c10::NoGradGuard no_grad;
  StoppableProgress progress(stop);
  sample::DrawSettings drawing = drawing_;
  drawing.states = conditions_.states(network);
  eval::SampledPictures pictures(network, requests_, std::move(drawing), "the run's own pictures", progress);
  const eval::Features features =
      eval::extract(pictures, extractor_.extract, config_.batch_size, eval::needs_of(settings_.metrics), &progress);
  return eval::evaluate(features, reference_ ? &*reference_ : nullptr, settings_, &progress);
}

std::string text_of(const eval::Report& report, eval::FeatureNetwork network) {
  std::vector<std::string> figures;
  for (const eval::Result& each : report.results) {
    figures.push_back(concat(eval::name_of(each.metric, network), " ", static_cast<float>(each.value)));
  }
  return join(figures, ", ");
}

}  // namespace pixnerd::train
