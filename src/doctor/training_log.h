// The training lines of a run's log.jsonl (train/run_log.h), and what they alone show to be wrong.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "doctor/finding.h"
#include "train/config.h"

namespace pixnerd::doctor {

struct LoggedStep {
  int64_t step = 0;
  double loss = 0, learning_rate = 0, gradient_norm = 0;  // not finite where the log says so
};

// In their order; lines that are no training lines are passed over. Empty where there is no log. DataError if it cannot
// be read.
std::vector<LoggedStep> read_log(const std::filesystem::path& file);

// A rate that is off by more than a thousandth.
std::optional<Finding> check_learning_rate(const std::vector<LoggedStep>& log, const train::TrainConfig& config);

// A loss that has gone up threefold, or gradients that have grown a hundredfold, and stay so to the end.
std::optional<Finding> check_growth(const std::vector<LoggedStep>& log);

}  // namespace pixnerd::doctor
