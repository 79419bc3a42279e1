// Timing of a few candidates in turn, so that a machine whose speed drifts is unfair to none of them.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace pixnerd {

// Of the clock that only goes forward.
double steady_seconds();

// Wall-clock seconds of each counted run.
struct Timing {
  std::vector<double> seconds;

  double min() const;
  double median() const;
};

// Runs every candidate `warmup` times, then `runs` rounds A B C A B C ...; one Timing a candidate, in their order.
std::vector<Timing> time_interleaved(std::span<const std::function<void()>> candidates, int64_t runs,
                                     int64_t warmup = 1);

}  // namespace pixnerd
