#include "nn/attention.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include "nn/packed_attention.h"
#include "nn/rotary.h"

namespace pixnerd::nn {

AttentionImpl::AttentionImpl(int64_t width, int64_t num_heads, AttentionKeys keys) : num_heads_(num_heads) {
  const bool with_text = keys == AttentionKeys::own_and_text;
  qkv_ = register_module(with_text ? "qkv_x" : "qkv", Linear(width, 3 * width, /*with_bias=*/false));
  if (with_text) text_kv_ = register_module("kv_y", Linear(width, 2 * width, /*with_bias=*/false));
  q_norm_ = register_module("q_norm", RMSNorm(width / num_heads));
  k_norm_ = register_module("k_norm", RMSNorm(width / num_heads));
  proj_ = register_module("proj", Linear(width, width, /*with_bias=*/true));
}

void AttentionImpl::initialise(at::Generator& generator) {
  qkv_->initialise(generator);
  if (!text_kv_.is_empty()) text_kv_->initialise(generator);
  q_norm_->initialise();
  k_norm_->initialise();
  proj_->initialise(generator);
}

void AttentionImpl::pack(at::ScalarType dtype) {
  qkv_->pack(dtype);
  if (!text_kv_.is_empty()) text_kv_->pack(dtype);
  proj_->pack(dtype);
}

at::Tensor AttentionImpl::forward(const at::Tensor& x, const at::Tensor& rope, const at::Tensor& text) const {
  const at::Tensor qkv = qkv_->forward(x).unflatten(2, {3, num_heads_, -1});
  auto [q, k, v] = rotary_heads(qkv, *q_norm_, *k_norm_, rope);  // [B, H, L, d]
  if (!text_kv_.is_empty()) {
    const at::Tensor kv = text_kv_->forward(text).unflatten(2, {2, num_heads_, -1});  // [B, M, 2, H, d]
    k = at::cat({k, k_norm_->forward(kv.select(2, 0)).transpose(1, 2)}, 2);           // [B, H, L + M, d]
    v = at::cat({v, kv.select(2, 1).transpose(1, 2)}, 2);
  }
  // For inference alone: a block that is recomputed must come to the same bits with gradients and without.
  if (proj_->is_packed() && has_packed_attention(q, k)) return proj_->forward(packed_attention(q, k, v));
  const at::Tensor mixed = at::scaled_dot_product_attention(q, k, v);  // [B, H, L, d]
  return proj_->forward(mixed.transpose(1, 2).flatten(2));
}

}  // namespace pixnerd::nn
