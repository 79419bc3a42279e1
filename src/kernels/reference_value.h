// Values of any storage type as double, for the reference kernels.
#pragma once

#include <cmath>

#include "kernels/bfloat16.h"

namespace pixnerd::kernels::reference {

inline double read(double value) {
  return value;
}
inline double read(BFloat16 value) {
  return static_cast<float>(value);
}

template <class T>
void write(double value, T& to) {
  to = static_cast<T>(value);
}
inline void write(double value, BFloat16& to) {
  to = BFloat16(static_cast<float>(value));
}

template <class T>
double value_or_zero(const T* values, int64_t i) {
  return values == nullptr ? 0 : read(values[i]);
}

inline double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

// d silu(x) / dx.
inline double silu_slope(double x) {
  return sigmoid(x) * (1 + x * (1 - sigmoid(x)));
}

}  // namespace pixnerd::kernels::reference
