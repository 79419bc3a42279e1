// An average of any length, of the snapshots that a run has stored (average_snapshot.h): a weighted sum of them, by
// least squares over profiles (power_profile.h).
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/tensors.h"
#include "sample/model_file.h"
#include "train/average_snapshot.h"
#include "train/power_profile.h"

namespace pixnerd::train {

// The snapshots of a run up to a step, at which averages are rebuilt.
class StoredAverages {
 public:
  // Without a step: at that of the last snapshot. DataError if the folder holds no snapshots of steps until then.
  explicit StoredAverages(const std::filesystem::path& run, std::optional<int64_t> step = std::nullopt);

  int64_t step() const { return step_; }
  const std::vector<Snapshot>& snapshots() const { return snapshots_; }

  // The shortest and the longest length that can be rebuilt; nothing where none can be at that step.
  std::optional<std::array<double, 2>> reach() const;

  // RequestError, which says what can be rebuilt, for a length outside the reach.
  Combination combination(double sigma_rel) const;

 private:
  std::vector<PowerProfile> profiles() const;

  std::filesystem::path run_;
  int64_t step_ = 0;
  std::vector<Snapshot> snapshots_;
};

// One of them, whose tensors are computed one by one when they are asked for.
class RebuiltAverage {
 public:
  // Errors as StoredAverages::combination; DataError and CheckpointError for files that cannot be opened, are
  // malformed, do not say what their names do, or are not all of the same network.
  RebuiltAverage(const StoredAverages& stored, double sigma_rel);

  double sigma_rel() const { return sigma_rel_; }
  int64_t step() const { return step_; }
  double error() const { return error_; }  // of its profile
  size_t snapshots() const { return parts_.size(); }
  const sample::ModelDescription& description() const { return description_; }

  const std::vector<std::string>& parameters() const { return names_; }
  uint64_t bytes() const;  // of them all

  // float32 [shape], summed in float64.
  at::Tensor tensor(const std::string& parameter) const;

  // A network of these parameters.
  sample::ModelFile network() const;

  // Writes a file that samples are drawn from, whole or not at all: ema_denoiser.* in float32, with the description,
  // the step and sigma_rel. `tensor_done` is called after each tensor with the number that are done. DataError.
  void write(const std::filesystem::path& path, const std::function<void(size_t)>& tensor_done = {}) const;

 private:
  struct Part {
    double weight;
    checkpoint::Loaded file;
    std::string source;
  };

  void open(const Snapshot& snapshot, double weight);
  at::IntArrayRef shape(const std::string& parameter) const;

  double sigma_rel_, error_;
  int64_t step_;
  std::vector<Part> parts_;
  sample::ModelDescription description_;
  std::vector<std::string> names_;
};

}  // namespace pixnerd::train
