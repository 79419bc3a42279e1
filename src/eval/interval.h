// How far a metric of so many pictures may be from that of infinitely many more of the same kind.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace pixnerd::eval {

inline constexpr double kNormalQuantile = 1.959963984540054;  // of 97.5 %: the 95 % interval of a normal distribution

// Half the width of the 95 % interval round an estimate whose bootstrap values have this spread: 1.96 deviations (with
// N - 1). Not their percentiles: what the values are of is fewer or repeated pictures, which biases most metrics. Needs
// two values or more.
double half_width(const std::vector<double>& values);

// The same for the share `p` of n independent pictures, 0 <= p <= 1: Wilson's, which is not 0 where p is 0 or 1.
double half_width_of_share(double p, int64_t n);

// The bootstrap: the metric on `rounds` resamples. A resample is int64 [n]: in each of the consecutive parts (their
// sizes; they sum to n) as many draws with repetition as it has pictures. The same for the same seed.
std::vector<double> bootstrap(const std::vector<int64_t>& parts, int64_t rounds, uint64_t seed,
                              const std::function<double(const at::Tensor& rows)>& metric);

// The random half number `round` of n rows, int64 [(n + 1) / 2], each at most once. A metric on such halves spreads as
// on other sets of n (s / sqrt(n / m - 1) of subsets of m is s). For metrics that repeated rows would mislead: they
// make covariances of fewer dimensions, and neighbours at no distance.
at::Tensor random_half(int64_t n, uint64_t seed, uint64_t round);

}  // namespace pixnerd::eval
