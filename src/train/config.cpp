#include "train/config.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::train {
namespace {

// The leaves of a configuration with their dotted keys, in its order.
void collect(const config::Value& value, const std::string& key,
             std::vector<std::pair<std::string, const config::Value*>>& leaves) {
  if (value.kind != config::Value::Kind::map) {
    leaves.emplace_back(key, &value);
    return;
  }
  for (const auto& [name, field] : value.fields) collect(field, key.empty() ? name : concat(key, ".", name), leaves);
}

}  // namespace

void TrainConfig::validate() const {
  if (micro_batch_size && *micro_batch_size > batch_size) {
    throw ConfigError(concat("micro_batch_size ", *micro_batch_size, " is more than batch_size ", batch_size));
  }
  if (precision == models::Precision::int8) {
    throw ConfigError("precision: int8 is for drawing; train in bfloat16 or float32");
  }
}

std::span<const std::string_view> changeable_on_resume() {
  static constexpr std::string_view kKeys[] = {"train.steps",
                                               "train.checkpoint_every",
                                               "train.keep_checkpoints",
                                               "train.log_every",
                                               "train.validate_every",
                                               "train.validation_pictures",
                                               "train.sample_every",
                                               "train.sample_pictures",
                                               "data.workers",
                                               "data.cache_megabytes",
                                               "text.cache",
                                               "train.recompute_blocks",
                                               "train.recompute_field",
                                               "eval.every",
                                               "eval.pictures",
                                               "eval.metrics",
                                               "eval.reference",
                                               "eval.include",
                                               "eval.network",
                                               "eval.weights",
                                               "eval.resize",
                                               "eval.precision",
                                               "eval.batch_size",
                                               "eval.seed"};
  return kKeys;
}

void check_resumable(const RunConfig& before, const RunConfig& now) {
  const config::Value old_tree = config::member_value(before), new_tree = config::member_value(now);
  std::vector<std::pair<std::string, const config::Value*>> old_leaves, new_leaves;
  collect(old_tree, "", old_leaves);
  collect(new_tree, "", new_leaves);  // the same keys: both trees list the same fields
  const auto changeable = changeable_on_resume();
  std::string differences;
  for (size_t i = 0; i < old_leaves.size(); ++i) {
    const auto& [key, value] = old_leaves[i];
    if (*value == *new_leaves[i].second || std::find(changeable.begin(), changeable.end(), key) != changeable.end()) {
      continue;
    }
    differences += concat(differences.empty() ? "" : "; ", key, " is ", config::to_line(*value), " in the run and ",
                          config::to_line(*new_leaves[i].second), " now");
  }
  if (differences.empty()) return;
  throw ConfigError(concat("the run cannot be resumed with other settings: ", differences,
                           ". Only steps and intervals may change; for anything else start a new run, with --init to "
                           "begin from this one's weights"));
}

double learning_rate(const TrainConfig& config, int64_t step) {
  if (step < config.warmup_steps) {
    return config.learning_rate * static_cast<double>(step + 1) / static_cast<double>(config.warmup_steps);
  }
  if (!config.final_learning_rate) return config.learning_rate;
  const auto length = static_cast<double>(std::max<int64_t>(1, config.steps - config.warmup_steps));
  const double progress = std::min(1.0, static_cast<double>(step - config.warmup_steps) / length);
  const double weight = 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
  return *config.final_learning_rate + weight * (config.learning_rate - *config.final_learning_rate);
}

}  // namespace pixnerd::train
