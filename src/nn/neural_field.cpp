#include "nn/neural_field.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/silu.h>

#include "nn/field_ends.h"
#include "nn/field_kernel.h"
#include "nn/kernel_call.h"
#include "nn/linear_product.h"
#include "nn/positions.h"

namespace pixnerd::nn {
namespace {

constexpr double kNormaliseEps = 1e-12;

// Columns of unit length: w [T, in, out] divided by its L2 norm over `in`.
at::Tensor normalise_columns(const at::Tensor& w) {
  return w / at::linalg_vector_norm(w, 2, {1}, /*keepdim=*/true).clamp_min(kNormaliseEps);
}

}  // namespace

PixelEmbedderImpl::PixelEmbedderImpl(int64_t channels, int64_t field_width) {
  linear_ =
      register_in_sequence(*this, "embedder", 0, Linear(channels + kCoordinateWidth, field_width, /*with_bias=*/true));
}

void PixelEmbedderImpl::initialise(at::Generator& generator) {
  linear_->initialise(generator);
}

at::Tensor PixelEmbedderImpl::forward(const at::Tensor& pixels, const at::Tensor& code) const {
  const int64_t channels = pixels.size(2);
  const at::Tensor of_pixel = linear_->weight.narrow(1, 0, channels);  // [E, C]
  // Contiguous: oneDNN multiplies by a slow path, 3 ms, where rows lie 67 values apart.
  const at::Tensor of_code = linear_->weight.narrow(1, channels, kCoordinateWidth).contiguous();  // [E, 64]
  const at::Tensor table = linear_product(code, of_code, linear_->bias);                          // [N, E]
  const at::Tensor in_type = pixels.to(product_type(pixels));
  return has_kernels(in_type) ? embed_pixels(in_type, of_pixel, table) : at::matmul(in_type, of_pixel.t()) + table;
}

NeuralFieldBlockImpl::NeuralFieldBlockImpl(int64_t width, int64_t field_width, int64_t mlp_ratio, UnitColumns unit)
    : field_width_(field_width), hidden_(field_width * mlp_ratio), unit_(unit) {
  param_generator_ =
      register_in_sequence(*this, "param_generator1", 0, Linear(width, 2 * field_width_ * hidden_, /*with_bias=*/true));
  norm_ = register_module("norm", RMSNorm(field_width));
}

void NeuralFieldBlockImpl::initialise(at::Generator& generator) {
  param_generator_->initialise(generator);
  norm_->initialise();
}

at::Tensor NeuralFieldBlockImpl::apply(const at::Tensor& u, const at::Tensor& parameters) const {
  if (has_kernels(u)) return field_block(u, parameters, norm_->weight, unit_ == UnitColumns::both);
  const auto halves = parameters.chunk(2, 1);
  const at::Tensor w1 = normalise_columns(halves[0].unflatten(1, {field_width_, hidden_}));
  at::Tensor w2 = halves[1].unflatten(1, {hidden_, field_width_});
  if (unit_ == UnitColumns::both) w2 = normalise_columns(w2);
  return u + at::bmm(at::silu(at::bmm(norm_->forward(u), w1)), w2);
}

FinalLayerImpl::FinalLayerImpl(int64_t field_width, int64_t channels, bool with_norm) {
  if (with_norm) norm_ = register_module("norm", RMSNorm(field_width));
  linear_ = register_module("linear", Linear(field_width, channels, /*with_bias=*/true));
}

void FinalLayerImpl::initialise(at::Generator& generator) {
  if (!norm_.is_empty()) norm_->initialise();
  linear_->initialise(generator);  // the draws count for what follows, though zeros replace them
  const at::NoGradGuard no_grad;
  linear_->weight.zero_();
  linear_->bias.zero_();
}

at::Tensor FinalLayerImpl::forward(const at::Tensor& u) const {
  const bool with_norm = !norm_.is_empty();
  if (has_kernels(u)) {
    const auto norm_weight = with_norm ? std::optional(norm_->weight) : std::nullopt;
    return field_to_pixels(u, norm_weight, linear_->weight, linear_->bias);
  }
  return linear_->forward(with_norm ? norm_->forward(u) : u);
}

}  // namespace pixnerd::nn
