#include "core/timing.h"

#include <algorithm>
#include <chrono>

namespace pixnerd {

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double Timing::min() const {
  return *std::min_element(seconds.begin(), seconds.end());
}

double Timing::median() const {
  std::vector<double> sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  const size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

std::vector<Timing> time_interleaved(std::span<const std::function<void()>> candidates, int64_t runs, int64_t warmup) {
  for (int64_t i = 0; i < warmup; ++i) {
    for (const auto& run : candidates) run();
  }
  std::vector<Timing> timings(candidates.size());
  for (int64_t i = 0; i < runs; ++i) {
    for (size_t c = 0; c < candidates.size(); ++c) {
      const double start = steady_seconds();
      candidates[c]();
      timings[c].seconds.push_back(steady_seconds() - start);
    }
  }
  return timings;
}

}  // namespace pixnerd
