// The products of oneDNN that torch.compile uses; in float32 they are about 1.4 times as fast on recent x86 processors
// as what at::linear picks. The framework has no C++ functions for them, so they are called through its dispatcher.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace pixnerd::nn {

// Whether this LibTorch has these operators and this processor multiplies in that type: float32 or bfloat16.
bool has_onednn(at::ScalarType type);

// A weight [out, in] in the order that is fastest for products with about `rows` rows; only the functions below read
// it.
at::Tensor onednn_pack(const at::Tensor& weight, int64_t rows);

// x [M, in] and a weight [out, in], packed or of any strides, of one type -> x W^T + bias [M, out].
at::Tensor onednn_linear(const at::Tensor& x, const at::Tensor& weight,
                         const std::optional<at::Tensor>& bias = std::nullopt);

}  // namespace pixnerd::nn
