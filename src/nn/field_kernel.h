// The neural-field block by its kernel (kernels/field_block.h) as one operation of autograd, on the CPU.
#pragma once

#include <ATen/core/Tensor.h>

namespace pixnerd::nn {

// Where has_kernels(u): y = u + silu(RMSNorm(u) V1) V2 with V1 and V2 from the parameters, columns of unit length; V2
// as predicted unless `normalise_second`. T tokens, N pixels, E field width, H hidden width; u [T, N, E] and parameters
// [T, 2 E H] of one type, norm_weight [E] float32. The backward pass computes the hidden values anew, so nothing larger
// than u and the parameters is kept for it.
at::Tensor field_block(const at::Tensor& u, const at::Tensor& parameters, const at::Tensor& norm_weight,
                       bool normalise_second);

}  // namespace pixnerd::nn
