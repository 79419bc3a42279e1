#include "eval/interval.h"

#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/random.h"

namespace pixnerd::eval {
namespace {

at::Tensor resample(const std::vector<int64_t>& parts, uint64_t seed, uint64_t stream) {
  std::vector<int64_t> rows;
  rows.reserve(static_cast<size_t>(std::accumulate(parts.begin(), parts.end(), int64_t{0})));
  int64_t first = 0;
  for (const int64_t size : parts) {
    for (int64_t i = 0; i < size; ++i) {
      const double u = random_uniform(seed, stream, rows.size());
      rows.push_back(first + std::min(size - 1, static_cast<int64_t>(u * static_cast<double>(size))));
    }
    first += size;
  }
  return at::tensor(rows, at::kLong);
}

}  // namespace

double half_width(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return kNormalQuantile * std::sqrt(sum / (count - 1));
}

double half_width_of_share(double p, int64_t n) {
  const auto count = static_cast<double>(n);
  const double z = kNormalQuantile, variance = p * (1 - p) / count + z * z / (4 * count * count);
  return z * std::sqrt(variance) / (1 + z * z / count);
}

std::vector<double> bootstrap(const std::vector<int64_t>& parts, int64_t rounds, uint64_t seed,
                              const std::function<double(const at::Tensor& rows)>& metric) {
  std::vector<double> values;
  for (int64_t round = 0; round < rounds; ++round) {
    values.push_back(metric(resample(parts, seed, static_cast<uint64_t>(round))));
  }
  return values;
}

at::Tensor random_half(int64_t n, uint64_t seed, uint64_t round) {
  std::vector<int64_t> rows = random_permutation(n, seed, round);
  rows.resize((rows.size() + 1) / 2);
  return at::tensor(rows, at::kLong);
}

}  // namespace pixnerd::eval
