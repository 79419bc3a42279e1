#include "nn/attention.h"

#include <ATen/ops/scaled_dot_product_attention.h>

#include "nn/rotary.h"

namespace pixnerd::nn {

AttentionImpl::AttentionImpl(int64_t width, int64_t num_heads) : num_heads_(num_heads) {
  qkv_ = register_module("qkv", Linear(width, 3 * width, /*with_bias=*/false));
  q_norm_ = register_module("q_norm", RMSNorm(width / num_heads));
  k_norm_ = register_module("k_norm", RMSNorm(width / num_heads));
  proj_ = register_module("proj", Linear(width, width, /*with_bias=*/true));
}

void AttentionImpl::initialise(at::Generator& generator) {
  qkv_->initialise(generator);
  q_norm_->initialise();
  k_norm_->initialise();
  proj_->initialise(generator);
}

void AttentionImpl::pack(at::ScalarType dtype) {
  qkv_->pack(dtype);
  proj_->pack(dtype);
}

at::Tensor AttentionImpl::forward(const at::Tensor& x, const at::Tensor& rope) const {
  const at::Tensor qkv = qkv_->forward(x).unflatten(2, {3, num_heads_, -1});
  const auto [q, k, v] = rotary_heads(qkv, *q_norm_, *k_norm_, rope);  // [B, H, L, d]
  const at::Tensor mixed = at::scaled_dot_product_attention(q, k, v);  // [B, H, L, d]
  return proj_->forward(mixed.transpose(1, 2).flatten(2));
}

}  // namespace pixnerd::nn
