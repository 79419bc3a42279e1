// How far a metric of so many pictures may be from that of infinitely many more of the same kind.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace pixnerd::eval {

// Half the width of the 95 % interval round an estimate whose bootstrap values have this spread: 1.96 deviations (with
// N - 1). Not their percentiles: a resample repeats pictures, which biases FID and IS. Needs two values or more.
double half_width(const std::vector<double>& values);

// The bootstrap: the metric on `rounds` resamples. A resample is int64 [n]: in each of the consecutive parts (their
// sizes; they sum to n) as many draws with repetition as it has pictures. The same for the same seed.
std::vector<double> bootstrap(const std::vector<int64_t>& parts, int64_t rounds, uint64_t seed,
                              const std::function<double(const at::Tensor& rows)>& metric);

}  // namespace pixnerd::eval
