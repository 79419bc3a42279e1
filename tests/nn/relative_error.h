// For tests of arithmetic that rounds.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

namespace pixnerd::nn {

// |found - exact| / |exact|, Euclidean norms over all values.
inline double relative_error(const at::Tensor& found, const at::Tensor& exact) {
  return ((found.to(at::kFloat) - exact).norm() / exact.norm()).item<double>();
}

}  // namespace pixnerd::nn
