#include "train/config.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <set>

#include "core/counted.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"

namespace pixnerd::train {
namespace {

bool gives(const config::Value& document, std::string_view section, std::string_view key) {
  const config::Value* const found = document.find(section);
  return found != nullptr && found->find(key) != nullptr;
}

// Beyond the numbers of labels, which the pictures decide.
bool names_network(const config::Value& document) {
  const config::Value* const model = document.find("model");
  if (model == nullptr) return false;
  return std::any_of(model->fields.begin(), model->fields.end(),
                     [](const auto& field) { return field.first != "num_classes" && field.first != "num_styles"; });
}

}  // namespace

void TrainConfig::validate() const {
  if (micro_batch_size && *micro_batch_size > batch_size) {
    throw ConfigError(concat("micro_batch_size ", *micro_batch_size, " is more than batch_size ", batch_size));
  }
  if (steps > std::numeric_limits<int64_t>::max() / 4 / batch_size) {
    throw ConfigError(
        concat("steps ", steps, " of ", counted(batch_size, "picture", "pictures"), " are too many to be counted"));
  }
  if (average_every > 0) {
    std::set<int64_t> thousandths;  // of which the names of files are made
    bool are_whole = true;
    for (const double length : average_lengths) {
      const int64_t rounded = std::llround(1000 * length);
      thousandths.insert(rounded);
      are_whole &= std::abs(1000 * length - static_cast<double>(rounded)) < 1e-6;
    }
    if (average_lengths.size() < 2 || thousandths.size() < average_lengths.size() || !are_whole) {
      throw ConfigError("average_lengths must be two different lengths or more, of three digits, such as 0.05,0.1");
    }
  }
  if (precision == models::Precision::int8) {
    throw ConfigError("precision: int8 is for drawing; train in bfloat16 or float32");
  }
}

RunConfig read_run_config(const config::Value& document) {
  RunConfig config;
  if (const config::Value* const model = document.find("default_model")) config::read(*model, config.model);
  config::read(document, config);
  config.default_model = {};
  config.is_model_open = !names_network(document);
  if (has_schedule(config) && gives(document, "train", "schedule_steps") && !config.train.schedule_steps) {
    config.train.schedule_steps = config.train.steps;
  }
  if (!gives(document, "sample", "size")) config.sample.size = {config.data.image_size, config.data.image_size};
  return config;
}

bool has_schedule(const RunConfig& config) {
  const bool some_early_times =
      config.flow.early_share > 0 && config.train.early_times_until > 0 && config.train.early_times_until < 1;
  return config.train.final_learning_rate.has_value() || some_early_times;
}

void settle_average(RunConfig& config, RunConfig* before) {
  std::optional<bool>& warms_up = config.train.ema_warmup;
  if (before != nullptr && !before->train.ema_warmup) {
    if (warms_up.value_or(false)) log_info("train.ema_warmup: the run began without, and goes on without");
    before->train.ema_warmup = warms_up = false;
  }
  warms_up = warms_up.value_or(false);
}

void settle_schedule(RunConfig& config, const RunConfig* before) {
  if (!has_schedule(config)) return;
  TrainConfig& train = config.train;
  if (!train.schedule_steps) train.schedule_steps = (before ? before->train : train).schedule_length();
  if (train.steps <= *train.schedule_steps) return;
  throw ConfigError(concat("train.steps ", train.steps, " is beyond train.schedule_steps ", *train.schedule_steps,
                           ", for which the learning rate and the early times are laid out; to stretch them give "
                           "train.schedule_steps=",
                           train.steps));
}

double learning_rate(const TrainConfig& config, int64_t step) {
  if (step < config.warmup_steps) {
    return config.learning_rate * static_cast<double>(step + 1) / static_cast<double>(config.warmup_steps);
  }
  if (!config.final_learning_rate) return config.learning_rate;
  const auto length = static_cast<double>(std::max<int64_t>(1, config.schedule_length() - config.warmup_steps));
  const double progress = std::min(1.0, static_cast<double>(step - config.warmup_steps) / length);
  const double weight = 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
  return *config.final_learning_rate + weight * (config.learning_rate - *config.final_learning_rate);
}

double ema_decay(const TrainConfig& config, int64_t step) {
  if (!config.ema_warmup.value_or(false)) return config.ema_decay;
  const auto k = static_cast<double>(step);
  return std::min(config.ema_decay, (1.0 + k) / (10.0 + k));
}

bool has_early_times(const TrainConfig& config, int64_t step) {
  if (config.early_times_until >= 1) return true;
  return step < static_cast<int64_t>(config.early_times_until * static_cast<double>(config.schedule_length()));
}

}  // namespace pixnerd::train
