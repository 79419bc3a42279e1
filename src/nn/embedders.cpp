#include "nn/embedders.h"

#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>

#include <cmath>

#include "nn/positions.h"
#include "nn/swiglu.h"

namespace pixnerd::nn {
namespace {

constexpr double kTimestepStd = 0.02;

}  // namespace

at::Tensor unfold_patches(const at::Tensor& x, int64_t rows, int64_t columns) {
  const int64_t height = x.size(2) / rows, width = x.size(3) / columns;  // of a patch
  return x.reshape({x.size(0), x.size(1), rows, height, columns, width})
      .permute({0, 2, 4, 1, 3, 5})  // [B, rows, columns, C, height, width]
      .reshape({x.size(0), rows * columns, x.size(1) * height * width});
}

at::Tensor fold_patches(const at::Tensor& patches, int64_t rows, int64_t columns, int64_t height, int64_t width) {
  const int64_t channels = patches.size(2) * patches.size(1) / (height * width);
  return patches.reshape({patches.size(0), rows, columns, channels, height / rows, width / columns})
      .permute({0, 3, 1, 4, 2, 5})  // [B, C, rows, patch height, columns, patch width]
      .reshape({patches.size(0), channels, height, width});
}

TimestepEmbedderImpl::TimestepEmbedderImpl(int64_t width) {
  first_ = register_in_sequence(*this, "mlp", 0, Linear(kTimestepFeatures, width, /*with_bias=*/true));
  second_ = register_in_sequence(*this, "mlp", 2, Linear(width, width, /*with_bias=*/true));
}

void TimestepEmbedderImpl::initialise(at::Generator& generator) {
  first_->initialise(generator);
  second_->initialise(generator);
}

void TimestepEmbedderImpl::initialise_weights_again(at::Generator& generator) {
  const at::NoGradGuard no_grad;
  first_->weight.normal_(0, kTimestepStd, generator);
  second_->weight.normal_(0, kTimestepStd, generator);
}

at::Tensor TimestepEmbedderImpl::forward(const at::Tensor& t) const {
  return second_->forward(nn::silu(first_->forward(timestep_features(t))));
}

LabelEmbedderImpl::LabelEmbedderImpl(int64_t num_classes, int64_t num_styles, int64_t width) {
  const auto table = [&](const char* name, int64_t labels) {
    auto embedding = register_module(name, std::make_shared<torch::nn::Module>());
    return embedding->register_parameter("weight", at::empty({labels + 1, width}));
  };
  table_ = table("embedding_table", num_classes);
  if (num_styles > 0) styles_ = table("style_table", num_styles);
}

void LabelEmbedderImpl::initialise(at::Generator& generator, double std) {
  const at::NoGradGuard no_grad;
  table_.normal_(0, std, generator);
  if (styles_.defined()) styles_.normal_(0, std, generator);
}

at::Tensor LabelEmbedderImpl::forward(const at::Tensor& y) const {
  if (!y.is_floating_point()) return rows_of(y);
  const int64_t labels = (y.size(1) - 1) / 2;
  const auto rows = [&](int64_t first) {
    const at::Tensor own = y.narrow(1, first, labels).to(at::kLong);
    return rows_of(labels == 1 ? own.select(1, 0) : own);
  };
  const at::Tensor share = y.narrow(1, 2 * labels, 1).to(table_.scalar_type());
  return (1 - share) * rows(0) + share * rows(labels);
}

at::Tensor LabelEmbedderImpl::rows_of(const at::Tensor& y) const {
  if (!styles_.defined()) return at::embedding(table_, y);
  return at::embedding(table_, y.select(1, 0)) + at::embedding(styles_, y.select(1, 1));
}

TextEmbedderImpl::TextEmbedderImpl(int64_t text_width, int64_t width) {
  proj_ = register_module("proj", Linear(text_width, width, /*with_bias=*/true));
  norm_ = register_module("norm", RMSNorm(width));
}

void TextEmbedderImpl::initialise(at::Generator& generator) {
  proj_->initialise(generator);
  norm_->initialise();
}

at::Tensor TextEmbedderImpl::forward(const at::Tensor& y) const {
  return norm_->forward(proj_->forward(y));
}

PooledTextEmbedderImpl::PooledTextEmbedderImpl(int64_t text_width, int64_t width) {
  norm_ = register_module("norm", RMSNorm(text_width));
  first_ = register_in_sequence(*this, "mlp", 0, Linear(text_width, kPooledWidening * width, /*with_bias=*/true));
  second_ = register_in_sequence(*this, "mlp", 2, Linear(kPooledWidening * width, width, /*with_bias=*/true));
}

void PooledTextEmbedderImpl::initialise(at::Generator& generator) {
  const at::NoGradGuard no_grad;
  for (const Linear& layer : {first_, second_}) {
    layer->weight.normal_(0, 1 / std::sqrt(static_cast<double>(layer->weight.size(1))), generator);
    layer->bias.zero_();
  }
  norm_->initialise();
}

at::Tensor PooledTextEmbedderImpl::forward(const at::Tensor& y) const {
  return second_->forward(nn::silu(first_->forward(norm_->forward(y.sum(1)))));
}

PatchEmbedderImpl::PatchEmbedderImpl(int64_t features, int64_t width) {
  proj_ = register_module("proj", Linear(features, width, /*with_bias=*/true));
}

void PatchEmbedderImpl::initialise(at::Generator& generator) {
  proj_->initialise(generator);
}

void PatchEmbedderImpl::initialise_again(at::Generator& generator) {
  const at::NoGradGuard no_grad;
  const double bound = std::sqrt(6.0 / static_cast<double>(proj_->weight.size(0) + proj_->weight.size(1)));
  proj_->weight.uniform_(-bound, bound, generator);
  proj_->bias.zero_();
}

at::Tensor PatchEmbedderImpl::forward(const at::Tensor& patches) const {
  return proj_->forward(patches);
}

}  // namespace pixnerd::nn
