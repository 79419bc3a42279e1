#include "eval/kernel_distance.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>

#include "core/errors.h"
#include "core/random.h"
#include "core/text.h"

namespace pixnerd::eval {
namespace {

at::Tensor kernel(const at::Tensor& x, const at::Tensor& y) {
  return (x.matmul(y.t()) / static_cast<double>(x.size(1)) + 1).pow_(3);
}

double mean_without_diagonal(const at::Tensor& products) {
  const auto m = static_cast<double>(products.size(0));
  return (products.sum() - products.trace()).item<double>() / (m * (m - 1));
}

at::Tensor random_rows(const at::Tensor& features, int64_t size, uint64_t seed, uint64_t stream) {
  std::vector<int64_t> order = random_permutation(features.size(0), seed, stream);
  order.resize(static_cast<size_t>(size));
  return features.index_select(0, at::tensor(order, at::kLong));
}

}  // namespace

double squared_discrepancy(const at::Tensor& x, const at::Tensor& y) {
  const at::Tensor a = x.to(at::kDouble), b = y.to(at::kDouble);
  return mean_without_diagonal(kernel(a, a)) + mean_without_diagonal(kernel(b, b)) -
         2 * kernel(a, b).mean().item<double>();
}

KernelDistance kernel_distance(std::vector<double> subsets) {
  KernelDistance distance;
  const auto count = static_cast<double>(subsets.size());
  for (const double each : subsets) distance.mean += each / count;
  for (const double each : subsets) distance.deviation += (each - distance.mean) * (each - distance.mean) / count;
  distance.deviation = std::sqrt(distance.deviation);
  distance.subsets = std::move(subsets);
  return distance;
}

KernelDistance kernel_distance(const at::Tensor& reference, const at::Tensor& generated, int64_t count, int64_t size,
                               uint64_t seed) {
  const int64_t fewest = std::min(reference.size(0), generated.size(0));
  if (size < 2 || fewest < size) {
    throw DataError(concat("KID on subsets of ", size,
                           " needs at least two pictures a subset and as many in each set, ", "there are ", fewest));
  }
  std::vector<double> subsets;
  for (int64_t i = 0; i < count; ++i) {
    const auto stream = 2 * static_cast<uint64_t>(i);
    subsets.push_back(squared_discrepancy(random_rows(reference, size, seed, stream),
                                          random_rows(generated, size, seed, stream + 1)));
  }
  return kernel_distance(std::move(subsets));
}

}  // namespace pixnerd::eval
