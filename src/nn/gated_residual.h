// The gated residual of adaptive layer norm.
#pragma once

#include <ATen/core/Tensor.h>

namespace pixnerd::nn {

// x + gate * h in x's type; x and h [B, L, D], gate [B, 1, D].
at::Tensor gated_residual(const at::Tensor& x, const at::Tensor& gate, const at::Tensor& h);

}  // namespace pixnerd::nn
