// What attention does to the joint projection before it attends: queries and keys are RMS-normalised over each head's
// channels and turned by 2-D rotary positions. B batch, L tokens, H heads, d head width.
#pragma once

#include <array>

#include "nn/rms_norm.h"

namespace pixnerd::nn {

// qkv [B, L, 3, H, d], norms of width d, table [L, d/2, 2] (cos, sin) -> q, k, v [B, H, L, d] in qkv's type.
std::array<at::Tensor, 3> rotary_heads(const at::Tensor& qkv, const RMSNormImpl& q_norm, const RMSNormImpl& k_norm,
                                       const at::Tensor& table);

// Turns the channel pairs (2i, 2i + 1) of x_blhd [B, L, H, d] by the table, in float32; the result has x's type. By
// plain operators.
at::Tensor apply_rope(const at::Tensor& x_blhd, const at::Tensor& table);

}  // namespace pixnerd::nn
