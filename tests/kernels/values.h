// Random inputs for kernels, and how far a result is from what it should be.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "kernels/bfloat16.h"

namespace pixnerd::kernels {

inline double as_double(double value) {
  return value;
}
inline double as_double(BFloat16 value) {
  return static_cast<float>(value);
}

// `count` values at an address that is a multiple of the type's size and of nothing more.
template <class T>
class Values {
 public:
  explicit Values(int64_t count) : values_(static_cast<size_t>(count) + kOffset) {}

  // Normally distributed. Equal seeds give equal values in every type, but for rounding.
  static Values normal(int64_t count, uint32_t seed, double scale = 1) {
    Values drawn(count);
    std::mt19937 generator(seed);
    std::normal_distribution<float> distribution;
    for (T& value : drawn) value = T(static_cast<float>(BFloat16(distribution(generator) * static_cast<float>(scale))));
    return drawn;
  }

  template <class Other>
  static Values of(const Other& other) {
    Values copy(other.size());
    std::transform(other.begin(), other.end(), copy.begin(), [](auto value) {
      return T(static_cast<std::conditional_t<sizeof(T) == 8, double, float>>(as_double(value)));
    });
    return copy;
  }

  int64_t size() const { return static_cast<int64_t>(values_.size() - kOffset); }
  T* data() { return values_.data() + kOffset; }
  const T* data() const { return values_.data() + kOffset; }
  T* begin() { return data(); }
  T* end() { return data() + size(); }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size(); }
  T& operator[](int64_t i) { return data()[i]; }
  T operator[](int64_t i) const { return data()[i]; }

 private:
  static constexpr size_t kOffset = 1;
  std::vector<T> values_;
};

// The greatest difference, as a part of the greatest expected magnitude; infinite if a value is not finite.
template <class T, class U>
double relative_error(const Values<T>& got, const Values<U>& expected) {
  double difference = 0, magnitude = 0;
  for (int64_t i = 0; i < expected.size(); ++i) {
    if (!std::isfinite(as_double(got[i]))) return std::numeric_limits<double>::infinity();
    difference = std::max(difference, std::abs(as_double(got[i]) - as_double(expected[i])));
    magnitude = std::max(magnitude, std::abs(as_double(expected[i])));
  }
  return magnitude > 0 ? difference / magnitude : difference;
}

// The sum of products of two results: a scalar whose gradient by `y` is `grad_y`.
inline double inner_product(const Values<double>& y, const Values<double>& grad_y) {
  double sum = 0;
  for (int64_t i = 0; i < y.size(); ++i) sum += y[i] * grad_y[i];
  return sum;
}

// d value() / dx by central differences; `value` computes anew from what x is part of.
template <class X, class Value>
double slope(X& x, const Value& value, double step = 1e-5) {
  const X before = x;
  const X above = x = static_cast<X>(before + step);
  const double high = value();
  const X below = x = static_cast<X>(before - step);
  const double low = value();
  x = before;
  return (high - low) / (static_cast<double>(above) - static_cast<double>(below));
}

// Rounding of results and inputs: a few units of the type's last place.
template <class T>
constexpr double kTolerance = sizeof(T) == 4 ? 1e-5 : 1e-2;

}  // namespace pixnerd::kernels
