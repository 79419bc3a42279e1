// Averages of a run's parameters from which one of any length is rebuilt afterwards (power_profile.h): they follow
// every step, and are stored now and then (average_snapshot.h).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pixnerd::train {

class PowerAverages {
 public:
  // Of each of the parameters, whole or slices of them, float32, one average for each length of sigma_rel, which are
  // within the limits of power_profile.h. They start as copies.
  PowerAverages(const std::vector<at::Tensor>& parameters, const std::vector<double>& sigma_rel);

  // The parameters, in the order and of the shapes given above, are those after step `step`, from 1. What came before
  // an average began counts as what it began with. On a CPU all averages are one pass over memory, and the same bytes
  // on any number of threads.
  void update(const std::vector<at::Tensor>& parameters, int64_t step);

  size_t size() const { return averages_.size(); }
  double sigma_rel(size_t which) const { return sigma_rel_[which]; }

  // In the order of the parameters; to go on with an average that was stored, write into these tensors.
  const std::vector<at::Tensor>& average(size_t which) const { return averages_[which]; }

 private:
  std::vector<double> sigma_rel_, gamma_;
  std::vector<std::vector<at::Tensor>> averages_;
};

}  // namespace pixnerd::train
