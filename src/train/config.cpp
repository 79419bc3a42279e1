#include "train/config.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace pixnerd::train {

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
