#include "models/pixnerd_c2i.h"

#include <ATen/ops/full.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include "core/errors.h"
#include "core/text.h"
#include "models/recompute.h"
#include "nn/onednn.h"

namespace pixnerd::models {
namespace {

// Near t = 1 the image's error would be divided by almost nothing.
constexpr double kSmallestRemainingTime = 0.05;

using Tensors = std::vector<at::Tensor>;

at::Tensor run_part(bool recompute, const std::function<at::Tensor(const Tensors&)>& part, const Tensors& inputs) {
  return recompute && c10::GradMode::is_enabled() ? recomputed(part, inputs) : part(inputs);
}

at::Tensor velocity_from_image(const at::Tensor& image, const at::Tensor& x, const at::Tensor& t) {
  return (image - x) / (1 - t).clamp_min(kSmallestRemainingTime).view({-1, 1, 1, 1});
}

}  // namespace

PixNerdC2IImpl::PixNerdC2IImpl(const C2IConfig& config)
    : config_(config),
      rope_([d = config.head_width()](int64_t h, int64_t w) { return nn::rope_table_c2i(h, w, d); }),
      codes_([](int64_t size, int64_t) { return nn::cosine_product_code(size); }) {
  config.validate();
  const int64_t width = config.hidden_size;
  x_embedder_ = register_module("x_embedder", nn::PixelEmbedder(config.in_channels, config.field_width));
  s_embedder_ = register_module("s_embedder", nn::PatchEmbedder(config.patch_features(), width));
  t_embedder_ = register_module("t_embedder", nn::TimestepEmbedder(width));
  y_embedder_ = register_module("y_embedder", nn::LabelEmbedder(config.num_classes, config.num_styles, width));
  final_layer_ = register_module("final_layer", nn::FinalLayer(config.field_width, config.in_channels));
  auto blocks = register_module("blocks", std::make_shared<torch::nn::Module>());
  for (int64_t i = 0; i < config.num_cond_blocks; ++i) {
    blocks_.push_back(blocks->register_module(std::to_string(i), nn::TransformerBlock(width, config.num_heads)));
  }
  for (int64_t i = config.num_cond_blocks; i < config.num_blocks; ++i) {
    field_blocks_.push_back(blocks->register_module(
        std::to_string(i), nn::NeuralFieldBlock(width, config.field_width, config.field_mlp_ratio)));
  }
}

at::Tensor PixNerdC2IImpl::encode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& y) {
  check_size(x.size(2), x.size(3));
  const at::Tensor t_emb = t_embedder_->forward(t);
  const at::Tensor condition = at::silu(t_emb + y_embedder_->forward(y)).unsqueeze(1);  // [B, 1, D]
  const at::Tensor rope = rope_.get(x.size(2) / config_.patch_size, x.size(3) / config_.patch_size, x.device());

  at::Tensor s = s_embedder_->forward(nn::unfold_patches(x, config_.patch_size));  // [B, L, D]
  for (const auto& block : blocks_) {
    s = run_part(recomputed_.blocks, [block, rope](const Tensors& in) { return block->forward(in[0], in[1], rope); },
                 {s, condition});
  }
  return at::silu(t_emb.unsqueeze(1) + s);
}

at::Tensor PixNerdC2IImpl::decode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& s) {
  check_size(x.size(2), x.size(3));
  const int64_t patch = config_.patch_size;
  const at::Tensor patches = nn::unfold_patches(x, patch);  // [B, L, C * N]
  const at::Tensor pixels = patches.flatten(0, 1).unflatten(1, {config_.in_channels, -1}).transpose(1, 2);
  const at::Tensor tokens = s.flatten(0, 1);  // [T, D]

  at::Tensor u = x_embedder_->forward(pixels, codes_.get(patch, patch, x.device()));  // [T, N, E]
  for (const auto& block : field_blocks_) {
    u = run_part(recomputed_.field, [block](const Tensors& in) { return block->forward(in[0], in[1]); }, {u, tokens});
  }
  const at::Tensor out = final_layer_->forward(u).transpose(1, 2).reshape(patches.sizes());  // [B, L, C * N]
  const at::Tensor image = nn::fold_patches(out, patch, x.size(2), x.size(3));
  return config_.prediction == Prediction::velocity ? image : velocity_from_image(image, x, t);
}

checkpoint::NamedTensors PixNerdC2IImpl::parameters() const {
  checkpoint::NamedTensors tensors;
  for (const auto& parameter : named_parameters()) tensors.emplace_back(parameter.key(), parameter.value());
  return tensors;
}

void PixNerdC2IImpl::initialise(at::Generator& generator) {
  x_embedder_->initialise(generator);
  s_embedder_->initialise(generator);
  t_embedder_->initialise(generator);
  y_embedder_->initialise(generator, 1.0);
  final_layer_->initialise(generator);
  for (auto& block : blocks_) block->initialise(generator);
  for (auto& block : field_blocks_) block->initialise(generator);

  s_embedder_->initialise_again(generator);
  y_embedder_->initialise(generator, config_.label_init_std);
  t_embedder_->initialise_weights_again(generator);
}

void PixNerdC2IImpl::adopt(const std::map<std::string, at::Tensor>& tensors, const std::string& source) {
  checkpoint::check_names_and_shapes(parameters(), tensors, source);
  for (auto& parameter : named_parameters()) {
    parameter.value().set_data(tensors.at(parameter.key()).to(at::kFloat));
  }
}

at::Tensor PixNerdC2IImpl::null_condition(int64_t batch) const {
  const auto options = at::TensorOptions().dtype(at::kLong).device(device());
  if (config_.num_styles == 0) return at::full({batch}, config_.num_classes, options);
  return at::tensor({config_.num_classes, config_.num_styles}, options).repeat({batch, 1});
}

void PixNerdC2IImpl::prepare_for_inference(const at::Device& device, at::ScalarType dtype) {
  set_requires_grad(false);
  if (device.is_cpu() && nn::has_onednn(dtype)) {
    s_embedder_->pack(dtype);
    for (auto& block : blocks_) block->pack(dtype);
    for (auto& block : field_blocks_) block->pack(dtype);
  }
  to(device, dtype);
}

void PixNerdC2IImpl::to(const at::Device& device, at::ScalarType dtype) {
  for (auto& parameter : named_parameters()) {
    const bool matrix = parameter.value().dim() == 2 && !parameter.key().starts_with("y_embedder");
    parameter.value().set_data(parameter.value().to(device, matrix ? dtype : at::kFloat));
  }
}

void PixNerdC2IImpl::set_requires_grad(bool requires_grad) {
  for (auto& parameter : named_parameters()) parameter.value().set_requires_grad(requires_grad);
}

at::Device PixNerdC2IImpl::device() const {
  return named_parameters().front().value().device();
}

}  // namespace pixnerd::models
