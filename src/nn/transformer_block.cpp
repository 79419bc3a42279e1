#include "nn/transformer_block.h"

#include <ATen/TensorOperators.h>

#include "nn/gated_residual.h"
#include "nn/kernel_call.h"
#include "nn/onednn.h"

namespace pixnerd::nn {
namespace {

// layer(norm(x), rest), normalised to 8 bits at once where the layer takes them. shift and scale may both be undefined.
template <class Layer, class... Rest>
at::Tensor of_normalised(const Layer& layer, const RMSNorm& norm, const at::Tensor& x, const at::Tensor& shift,
                         const at::Tensor& scale, const Rest&... rest) {
  if (layer->takes_int8() && has_kernels(x)) return layer->forward(norm->quantised(x, shift, scale), rest...);
  return layer->forward(scale.defined() ? norm->forward(x, shift, scale) : norm->forward(x), rest...);
}

}  // namespace

TransformerBlockImpl::TransformerBlockImpl(int64_t width, int64_t num_heads, const TransformerBlockParts& parts) {
  norm1_ = register_module("norm1", RMSNorm(width));
  attn_ = register_module("attn", Attention(width, num_heads, parts.keys));
  norm2_ = register_module("norm2", RMSNorm(width));
  mlp_ = register_module("mlp", SwiGLU(width, parts.mlp_hidden, parts.matrices));
  if (!parts.modulated) return;
  modulation_ = register_in_sequence(*this, "adaLN_modulation", 0, Linear(width, 6 * width, /*with_bias=*/true));
}

void TransformerBlockImpl::initialise(at::Generator& generator) {
  norm1_->initialise();
  attn_->initialise(generator);
  norm2_->initialise();
  mlp_->initialise(generator);
  if (!modulation_.is_empty()) modulation_->initialise(generator);
}

void TransformerBlockImpl::pack(at::ScalarType dtype) {
  attn_->pack(dtype);
  mlp_->pack(dtype);
  if (!modulation_.is_empty()) modulation_->pack(dtype, kFewestRows);  // one a picture
}

at::Tensor TransformerBlockImpl::forward(const at::Tensor& x, const at::Tensor& c, const at::Tensor& rope,
                                         const at::Tensor& text) const {
  if (modulation_.is_empty()) {
    const at::Tensor attended = x + of_normalised(attn_, norm1_, x, {}, {}, rope, text);
    return attended + of_normalised(mlp_, norm2_, attended, {}, {});
  }
  const auto m = modulation_->forward(c).chunk(6, -1);  // shift1, scale1, gate1, shift2, scale2, gate2
  const at::Tensor attended = gated_residual(x, m[2], of_normalised(attn_, norm1_, x, m[0], m[1], rope, text));
  return gated_residual(attended, m[5], of_normalised(mlp_, norm2_, attended, m[3], m[4]));
}

}  // namespace pixnerd::nn
