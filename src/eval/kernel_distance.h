// KID: the squared maximum mean discrepancy of two sets of features under the kernel (x.y / D + 1)^3, unbiased, as the
// mean over random subsets (Binkowski et al., "Demystifying MMD GANs", 2018). It may be a little below 0.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace pixnerd::eval {

// Of x and y [m, D], m >= 2, in float64.
double squared_discrepancy(const at::Tensor& x, const at::Tensor& y);

struct KernelDistance {
  double mean = 0, deviation = 0;  // over the subsets, with no N - 1
  std::vector<double> subsets;
};

// The mean and the deviation of the subsets' values.
KernelDistance kernel_distance(std::vector<double> subsets);

// `count` subsets of `size` pictures of each set, drawn without repetition within a subset; the same for the same seed.
// DataError unless 2 <= size and both sets have that many.
KernelDistance kernel_distance(const at::Tensor& reference, const at::Tensor& generated, int64_t count, int64_t size,
                               uint64_t seed);

}  // namespace pixnerd::eval
