// Multi-head attention of image or text tokens with RMS-normalised queries and keys. The keys and values of a second
// sequence, the text, can stand behind the tokens' own.
// B batch, L tokens, M text tokens, D width, H heads, d = D / H head width.
#pragma once

#include "nn/linear.h"
#include "nn/rms_norm.h"

namespace pixnerd::nn {

// Whom tokens attend to: each other (the projection is `qkv`), or each other and a text (`qkv_x` and `kv_y`).
enum class AttentionKeys { own, own_and_text };

struct AttentionImpl : torch::nn::Module {
  // width must be a multiple of num_heads, and the head width of 4.
  AttentionImpl(int64_t width, int64_t num_heads, AttentionKeys keys = AttentionKeys::own);

  void initialise(at::Generator& generator);  // qkv, proj; or qkv_x, kv_y, proj
  void pack(at::ScalarType dtype);

  // x [B, L, D], rope [L, d/2, 2], text [B, M, D] where its keys are wanted -> [B, L, D]. Text keys are not turned.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& rope, const at::Tensor& text = {}) const;

  // The same of rows that are in 8 bits already; only where takes_int8().
  at::Tensor forward(const QuantisedRows& x, const at::Tensor& rope, const at::Tensor& text = {}) const;
  bool takes_int8() const { return qkv_->takes_int8(); }

 private:
  at::Tensor attended(const at::Tensor& qkv, const at::Tensor& rope, const at::Tensor& text) const;

  int64_t num_heads_;
  Linear qkv_{nullptr}, text_kv_{nullptr}, proj_{nullptr};
  RMSNorm q_norm_{nullptr}, k_norm_{nullptr};
};
TORCH_MODULE(Attention);

}  // namespace pixnerd::nn
