// For tests of what other threads and processes do.
#pragma once

#include <chrono>
#include <thread>

#include "core/timing.h"

namespace pixnerd {

// Longer than anything takes on a machine that does much else; only what fails is waited for as long.
constexpr double kPatientSeconds = 120;

// Whether the condition holds, now or before patience ends.
template <class Condition>
bool comes_true(const Condition& condition) {
  for (const double end = steady_seconds() + kPatientSeconds; steady_seconds() < end;) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return condition();
}

}  // namespace pixnerd
