// Attention by the kernels of kernels/attention.h, in float32 or bfloat16, as one operation of autograd: what is kept
// for the backward pass is q, k, v, y and one number for each query, not the scores. Where the processor has matrix
// units, bfloat16 is packed_attention.h's in inference and the framework's in training.
#pragma once

#include <ATen/core/Tensor.h>

namespace pixnerd::nn {

// Whether attention_by_kernel() serves: on a CPU, in a type that kernels are there for.
bool has_attention_kernel(const at::Tensor& q, const at::Tensor& k);

// q [B, H, L, d], k and v [B, H, M, d], all of one type -> softmax(q k^T / sqrt(d)) v as [B, L, H d]. The same bits
// with gradients and without.
at::Tensor attention_by_kernel(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

}  // namespace pixnerd::nn
