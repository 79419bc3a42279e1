// The two ends of the neural field by their kernels (kernels/field_ends.h), each as one operation of autograd. T
// tokens, N pixels of a patch, C channels, E field width. Only for tensors with has_kernels().
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace pixnerd::nn {

// u = pixels weight^T + table, in the type of `pixels`: pixels [T, N, C], weight [E, C], table [N, E] -> [T, N, E].
at::Tensor embed_pixels(const at::Tensor& pixels, const at::Tensor& weight, const at::Tensor& table);

// RMSNorm(u) weight^T + bias in u's type: u [T, N, E], norm_weight [E], weight [C, E], bias [C] -> [T, N, C]. Without a
// norm_weight u takes the place of RMSNorm(u).
at::Tensor field_to_pixels(const at::Tensor& u, const std::optional<at::Tensor>& norm_weight, const at::Tensor& weight,
                           const at::Tensor& bias);

}  // namespace pixnerd::nn
