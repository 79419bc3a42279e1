// The step of a row that is rounded to 8 bits (quantise.h), in float32 for every instruction set, so that all round
// alike.
#pragma once

#include <limits>

namespace pixnerd::kernels {

constexpr float kSteps = 127;  // to either side of 0
// A row of smaller values counts as one of zeros: the inverse of its step would be infinite.
constexpr float kSmallestMagnitude = kSteps * std::numeric_limits<float>::min();

// The scale of a row from the greatest magnitude in it.
inline float step_of(float magnitude) {
  return magnitude < kSmallestMagnitude ? 0 : magnitude / kSteps;
}

inline float inverse_step(float magnitude) {
  return magnitude < kSmallestMagnitude ? 0 : kSteps / magnitude;
}

}  // namespace pixnerd::kernels
