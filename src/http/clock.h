// The clock of all time limits.
#pragma once

#include <algorithm>
#include <chrono>

namespace pixnerd::http {

using Clock = std::chrono::steady_clock;

// At most a year, which is as good as for ever and can be added to.
inline Clock::duration duration(double seconds) {
  constexpr double longest = 365.0 * 24 * 3600;
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::clamp(seconds, 0.0, longest)));
}

}  // namespace pixnerd::http
