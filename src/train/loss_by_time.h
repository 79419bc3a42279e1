// The loss by the time of the samples: what a network does well and badly shows there, not in the mean.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "train/side_loss.h"

namespace pixnerd::train {

inline constexpr size_t kTimeBuckets = 10;

// Sums of squared velocity errors (means over a picture) of the samples with t in [i / 10, (i + 1) / 10).
struct LossByTime {
  std::array<double, kTimeBuckets> sum{};
  std::array<int64_t, kTimeBuckets> count{};

  void add(double t, double loss) {
    const auto bucket = std::min(kTimeBuckets - 1, static_cast<size_t>(std::max(0.0, t) * kTimeBuckets));
    sum[bucket] += loss;
    ++count[bucket];
  }

  void add(const LossByTime& other) {
    for (size_t i = 0; i < kTimeBuckets; ++i) {
      sum[i] += other.sum[i];
      count[i] += other.count[i];
    }
  }

  int64_t samples() const {
    int64_t all = 0;
    for (const int64_t each : count) all += each;
    return all;
  }

  // Over all samples; 0 if there are none.
  double mean() const {
    double all = 0;
    for (const double each : sum) all += each;
    return samples() == 0 ? 0.0 : all / static_cast<double>(samples());
  }
};

// What is summed up between two lines of the log.
struct LossWindow {
  LossByTime flow;
  OfSideLosses<double> beside;  // sums over the same samples

  void add(const LossWindow& other) {
    flow.add(other.flow);
    for (const SideLoss loss : kSideLosses) beside[loss] += other.beside[loss];
  }
};

}  // namespace pixnerd::train
