#include "nn/attention.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include "kernels/peak_tiles.h"
#include "nn/attention_kernel.h"
#include "nn/kernel_call.h"
#include "nn/packed_attention.h"
#include "nn/rotary.h"

namespace pixnerd::nn {
namespace {

constexpr int64_t kCacheLine = 32;  // bfloat16 values

// x [B, H, L, d] with so many rows that `multiple` divides them, the further ones zero.
at::Tensor with_rows(const at::Tensor& x, int64_t multiple) {
  const int64_t missing = (multiple - x.size(2) % multiple) % multiple;
  return missing == 0 ? x : at::constant_pad_nd(x, {0, 0, 0, missing});
}

// The framework's attention. On a CPU it gives its threads blocks of 32 queries or more of a head, and its small
// products round by where their operands lie beside a cache line; where there is one block only, they share its work
// themselves. A picture would depend on its place in a batch: so heads begin at such lines, whole blocks of queries
// keep the memory of every thread there, and there are two blocks at least.
at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  if (!takes_cpu_paths(q)) return at::scaled_dot_product_attention(q, k, v);
  constexpr int64_t kBlock = 32;
  const auto aligned = [](const at::Tensor& x) {
    return with_rows(x.contiguous(), kCacheLine).narrow(2, 0, x.size(2));
  };
  return at::scaled_dot_product_attention(with_rows(q.contiguous(), q.size(1) > 1 ? kBlock : 2 * kBlock), aligned(k),
                                          aligned(v))
      .narrow(2, 0, q.size(2));
}

// Whether the framework's products in this type run in matrix units, which are faster than the kernel's.
bool is_by_matrix_units(const at::Tensor& x) {
  return x.scalar_type() == at::kBFloat16 && kernels::has_tiles();
}

}  // namespace

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
  return attended(qkv_->forward(x), rope, text);
}

at::Tensor AttentionImpl::forward(const QuantisedRows& x, const at::Tensor& rope, const at::Tensor& text) const {
  return attended(qkv_->forward(x), rope, text);
}

at::Tensor AttentionImpl::attended(const at::Tensor& projected, const at::Tensor& rope, const at::Tensor& text) const {
  const at::Tensor qkv = projected.unflatten(2, {3, num_heads_, -1});
  auto [q, k, v] = rotary_heads(qkv, *q_norm_, *k_norm_, rope);  // [B, H, L, d]
  if (!text_kv_.is_empty()) {
    const at::Tensor kv = text_kv_->forward(text).unflatten(2, {2, num_heads_, -1});  // [B, M, 2, H, d]
    const at::Tensor text_k = k_norm_->forward(kv.select(2, 0)).to(k.scalar_type());
    k = at::cat({k, text_k.transpose(1, 2)}, 2);  // [B, H, L + M, d]
    v = at::cat({v, kv.select(2, 1).transpose(1, 2)}, 2);
  }
  // Chosen by what does not change where gradients are recorded: a block that is recomputed must come to the same bits
  // with them and without.
  const bool is_packed = proj_->is_packed();
  if (is_packed && has_packed_attention(q, k)) return proj_->forward(packed_attention(q, k, v));
  if (has_attention_kernel(q, k) && (is_packed || !is_by_matrix_units(q))) {
    return proj_->forward(attention_by_kernel(q, k, v));
  }
  return proj_->forward(attend(q, k, v).transpose(1, 2).flatten(2));
}

}  // namespace pixnerd::nn
