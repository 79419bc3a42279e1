// Attention for inference in bfloat16 on processors with matrix units (AMX), which oneDNN's small products use. Scores
// and sums are float32.
#pragma once

#include <ATen/core/Tensor.h>

namespace pixnerd::nn {

// Whether packed_attention() serves: bfloat16 on such a CPU, no gradients, not too many keys for the scores of a few
// queries to stay in the cache.
bool has_packed_attention(const at::Tensor& q, const at::Tensor& k);

// q [B, H, L, d], k and v [B, H, M, d] -> softmax(q k^T / sqrt(d)) v as [B, L, H d].
at::Tensor packed_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

}  // namespace pixnerd::nn
