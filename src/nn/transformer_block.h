// A transformer block with adaptive layer norm: the condition c gives shift, scale and gate of both halves.
//   x += gate1 * Attention(RMSNorm(x) * (1 + scale1) + shift1)
//   x += gate2 * SwiGLU(RMSNorm(x) * (1 + scale2) + shift2)
// The linear layer that makes them sees c as it is: c has been through silu already. Without modulation shifts are 0,
// scales 0 and gates 1, and there is no such layer. B batch, L tokens, D width.
#pragma once

#include "nn/attention.h"
#include "nn/swiglu.h"

namespace pixnerd::nn {

struct TransformerBlockParts {
  AttentionKeys keys = AttentionKeys::own;
  SwiGLUMatrices matrices = SwiGLUMatrices::separate;
  int64_t mlp_hidden = 0;
  bool modulated = true;
};

struct TransformerBlockImpl : torch::nn::Module {
  TransformerBlockImpl(int64_t width, int64_t num_heads, const TransformerBlockParts& parts);

  void initialise(at::Generator& generator);  // attn, mlp, adaLN_modulation

  void pack(at::ScalarType dtype);

  // x [B, L, D], c [B, 1, D] unless it is not modulated, rope and text as in Attention -> [B, L, D]
  at::Tensor forward(const at::Tensor& x, const at::Tensor& c, const at::Tensor& rope,
                     const at::Tensor& text = {}) const;

 private:
  RMSNorm norm1_{nullptr}, norm2_{nullptr};
  Attention attn_{nullptr};
  SwiGLU mlp_{nullptr};
  Linear modulation_{nullptr};  // null without modulation
};
TORCH_MODULE(TransformerBlock);

}  // namespace pixnerd::nn
