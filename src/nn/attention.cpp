#include "nn/attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/stack.h>

namespace pixnerd::nn {

at::Tensor apply_rope(const at::Tensor& x_blhd, const at::Tensor& table) {
  const int64_t pairs = x_blhd.size(3) / 2;
  const at::Tensor pair = x_blhd.to(at::kFloat).unflatten(3, {pairs, 2});  // [B, L, H, d/2, 2]
  const at::Tensor a = pair.select(4, 0);
  const at::Tensor b = pair.select(4, 1);
  const at::Tensor cos = table.select(2, 0).unsqueeze(1);  // [L, 1, d/2]
  const at::Tensor sin = table.select(2, 1).unsqueeze(1);
  return at::stack({a * cos - b * sin, a * sin + b * cos}, 4).flatten(3).to(x_blhd.scalar_type());
}

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
  const at::Tensor qkv = qkv_->forward(x).unflatten(2, {3, num_heads_, -1});  // [B, L, 3, H, d]
  const at::Tensor v = qkv.select(2, 2);
  const at::Tensor q = apply_rope(q_norm_->forward(qkv.select(2, 0)), rope).to(v.scalar_type());
  const at::Tensor k = apply_rope(k_norm_->forward(qkv.select(2, 1)), rope).to(v.scalar_type());
  const at::Tensor mixed =
      at::scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2));  // [B, H, L, d]
  return proj_->forward(mixed.transpose(1, 2).flatten(2));
}

}  // namespace pixnerd::nn
