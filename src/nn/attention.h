// Multi-head self-attention with RMS-normalised queries and keys and 2-D rotary positions.
// B batch, L tokens, D width, H heads, d = D / H head width.
#pragma once

#include "nn/linear.h"
#include "nn/rms_norm.h"

namespace pixnerd::nn {

struct AttentionImpl : torch::nn::Module {
  // width must be a multiple of num_heads, and the head width of 4.
  AttentionImpl(int64_t width, int64_t num_heads);

  void initialise(at::Generator& generator);  // qkv, proj
  void pack(at::ScalarType dtype);

  // x [B, L, D], rope [L, d/2, 2] -> [B, L, D]
  at::Tensor forward(const at::Tensor& x, const at::Tensor& rope) const;

 private:
  int64_t num_heads_;
  Linear qkv_{nullptr}, proj_{nullptr};
  RMSNorm q_norm_{nullptr}, k_norm_{nullptr};
};
TORCH_MODULE(Attention);

}  // namespace pixnerd::nn
