#include "train/eval_config.h"

#include <algorithm>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::train {

void EvalConfig::validate() const {
  if (every == 0) return;
  if (metrics.empty()) throw ConfigError("metrics is empty; name some, or set every to 0");
  if (extractor.weights.empty()) throw ConfigError("weights is empty; it must name the network's file");
  if (reference.empty() && eval::needs_reference(metrics)) {
    throw ConfigError("reference is empty; every metric but is needs one");
  }
  const std::vector<eval::Metric> possible = eval::metrics_of(extractor.network);
  for (const eval::Metric metric : metrics) {
    if (std::find(possible.begin(), possible.end(), metric) != possible.end()) continue;
    throw ConfigError(concat("the metric ", eval::name_of(metric), " needs another network: inception"));
  }
}

}  // namespace pixnerd::train
