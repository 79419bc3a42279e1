#include "models/pixnerd.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/upsample_nearest2d.h>

#include <algorithm>

#include "checkpoint/quantised.h"
#include "core/errors.h"
#include "core/text.h"
#include "models/cost.h"
#include "models/frozen_weights.h"
#include "models/int8_layers.h"
#include "models/precision.h"
#include "models/recompute.h"
#include "nn/packed_weight.h"
#include "nn/share.h"
#include "nn/swiglu.h"

namespace pixnerd::models {
namespace {

using Tensors = std::vector<at::Tensor>;

Precision precision_of(at::ScalarType dtype) {
  if (dtype == at::kChar) return Precision::int8;
  return dtype == at::kBFloat16 ? Precision::bfloat16 : Precision::float32;
}

// A matrix that is packed keeps the type of its file until then.
bool keeps_type(const std::string& name, const at::Tensor& tensor) {
  const bool packed = layer_group(name, tensor.sizes()) != nullptr;
  return packed && (tensor.scalar_type() == at::kChar || tensor.scalar_type() == at::kBFloat16);
}

}  // namespace

PixNerdImpl::PixNerdImpl(const ModelConfig& config, PixNerdParts parts)
    : config_(config), rope_(std::move(parts.rope)), codes_(std::move(parts.code)) {
  config.validate();
  const int64_t width = config.hidden_size;
  x_embedder_ = register_module("x_embedder", nn::PixelEmbedder(config.in_channels, config.field_width));
  s_embedder_ = register_module("s_embedder", nn::PatchEmbedder(config.patch_features(), width));
  t_embedder_ = register_module("t_embedder", nn::TimestepEmbedder(width));
  final_layer_ =
      register_module("final_layer", nn::FinalLayer(config.field_width, config.in_channels, parts.final_norm));
  auto blocks = register_module("blocks", std::make_shared<torch::nn::Module>());
  for (int64_t i = 0; i < config.transformer_blocks(); ++i) {
    blocks_.push_back(
        blocks->register_module(std::to_string(i), nn::TransformerBlock(width, config.num_heads, parts.blocks)));
  }
  for (int64_t i = 0; i < config.field_blocks(); ++i) {
    field_blocks_.push_back(blocks->register_module(
        std::to_string(config.transformer_blocks() + i),
        nn::NeuralFieldBlock(width, config.field_width, config.field_mlp_ratio, parts.unit_columns)));
  }
}

bool PixNerdImpl::runs_by_kernels() const {
  return has_kernels_ && mode() == Mode::infer;
}

bool PixNerdImpl::trains_by_kernels(Precision precision) const {
  return device().is_cpu() && nn::has_product_kernel(weight_type(precision));
}

at::Tensor PixNerdImpl::encode_on(const TokenGrid& grid, const at::Tensor& x, const at::Tensor& t,
                                  const at::Tensor& condition) {
  check_scope();
  const nn::TeamScope team(runs_by_kernels());
  const int64_t batch = x.size(0), part = std::max<int64_t>(1, kEncodedTokens / (grid.rows * grid.columns));
  if (batch <= part || mode() == Mode::train) return encode_part(grid, x, t, condition);
  Tensors parts;
  for (int64_t first = 0; first < batch; first += part) {
    const int64_t count = std::min(part, batch - first);
    parts.push_back(
        encode_part(grid, x.narrow(0, first, count), t.narrow(0, first, count), condition.narrow(0, first, count)));
  }
  return at::cat(parts);
}

at::Tensor PixNerdImpl::encode_tapped(const at::Tensor& x, const at::Tensor& t, const at::Tensor& condition,
                                      std::span<BlockTap> taps) {
  check_scope();
  for (const BlockTap& tap : taps) {
    if (tap.block >= 0 && tap.block < std::ssize(blocks_)) continue;
    throw RequestError(concat("there is no transformer block ", tap.block + 1, "; the network has ", blocks_.size()));
  }
  return encode_part(token_grid(config_, x.size(2), x.size(3)), x, t, condition, taps);
}

at::Tensor PixNerdImpl::encode_text(const at::Tensor&) {
  throw RequestError("the network reads no texts itself; its states come from a text encoder");
}

at::Tensor PixNerdImpl::pool_text(const at::Tensor&) {
  throw RequestError("the network's blocks are not told of a text as a whole; that is model.pooled_text");
}

at::Tensor PixNerdImpl::encode_part(const TokenGrid& grid, const at::Tensor& x, const at::Tensor& t,
                                    const at::Tensor& condition, std::span<BlockTap> taps) {
  const int64_t height = grid.rows * config_.patch_size, width = grid.columns * config_.patch_size;
  const bool fits = x.size(2) == height && x.size(3) == width;
  const at::Tensor seen = fits ? x : at::upsample_nearest2d(x, {height, width});
  const at::Tensor t_emb = t_embedder_->forward(t);  // [B, D]
  const BlockCondition block_condition = embed_condition(t_emb, condition);
  const at::Tensor rope = rope_.get(grid.rows, grid.columns, x.device());

  at::Tensor s = s_embedder_->forward(nn::unfold_patches(seen, grid.rows, grid.columns));  // [B, L, D]
  for (size_t i = 0; i < blocks_.size(); ++i) {
    s = run_block(blocks_[i], s, block_condition, rope);
    for (BlockTap& tap : taps) {
      if (tap.block == static_cast<int64_t>(i)) tap.tokens = s;
    }
  }
  return nn::silu(t_emb.unsqueeze(1) + s);
}

at::Tensor PixNerdImpl::run_block(const nn::TransformerBlock& block, const at::Tensor& tokens,
                                  const BlockCondition& condition, const at::Tensor& rope) const {
  Tensors inputs{tokens, condition.modulation};
  if (condition.text.defined()) inputs.push_back(condition.text);
  return run_part(
      recomputed_.blocks,
      [block, rope](const Tensors& in) {
        return block->forward(in[0], in[1], rope, in.size() > 2 ? in[2] : at::Tensor());
      },
      inputs);
}

at::Tensor PixNerdImpl::decode_on(const TokenGrid& grid, const at::Tensor& x, const at::Tensor& t, const at::Tensor& s,
                                  const at::Tensor& weights) {
  check_scope();
  const nn::TeamScope team(runs_by_kernels());
  const int64_t height = x.size(2), width = x.size(3);
  check_decodable(grid, height, width);
  const at::Tensor patches = nn::unfold_patches(x, grid.rows, grid.columns);  // [B, L, C * N]
  const at::Tensor pixels = patches.flatten(0, 1).unflatten(1, {config_.in_channels, -1}).transpose(1, 2);
  const at::Tensor tokens = s.flatten(0, 1);  // [T, D]
  const at::Tensor code = codes_.get(height / grid.rows, width / grid.columns, x.device());

  const int64_t in_a_part = std::max<int64_t>(1, kDecodedValues / decoded_values(config_, pixels.size(1)));
  const int64_t part = mode() == Mode::train ? tokens.size(0) : in_a_part;
  Tensors parts;
  for (int64_t first = 0; first < tokens.size(0); first += part) {
    const int64_t count = std::min(part, tokens.size(0) - first);
    parts.push_back(decode_pixels(pixels.narrow(0, first, count), tokens.narrow(0, first, count),
                                  weights.defined() ? weights.narrow(1, first, count) : weights, code));
  }
  const at::Tensor out = (parts.size() == 1 ? parts.front() : at::cat(parts)).transpose(1, 2).reshape(patches.sizes());
  const at::Tensor image = nn::fold_patches(out, grid.rows, grid.columns, height, width);
  return config_.prediction == Prediction::velocity ? image : velocity_from_image(image, x, t);
}

at::Tensor PixNerdImpl::field_weights(const at::Tensor& s) {
  check_scope();
  const nn::TeamScope team(runs_by_kernels());
  const at::Tensor tokens = s.flatten(0, 1);
  if (mode() == Mode::train || kept_values(config_, tokens.size(0)) == 0) return {};
  Tensors generated;
  for (const auto& block : field_blocks_) generated.push_back(block->generate(tokens));
  return at::stack(generated);
}

at::Tensor PixNerdImpl::run_part(bool recompute, const std::function<at::Tensor(const Tensors&)>& part,
                                 const Tensors& inputs) const {
  return recompute && mode() == Mode::train ? recomputed(part, inputs) : part(inputs);
}

at::Tensor PixNerdImpl::velocity_from_image(const at::Tensor& image, const at::Tensor& x, const at::Tensor& t) const {
  return (image - x) / (1 - t).clamp_min(smallest_remaining_time(mode())).view({-1, 1, 1, 1});
}

void PixNerdImpl::check_scope() const {
  if (!prepared_) return;
  const Precision current = current_precision(device());
  if (current == *prepared_) return;
  throw RequestError(concat("the network was prepared for ", name_of(*prepared_), ", but is asked to compute in ",
                            name_of(current), "; open a PrecisionScope of ", name_of(*prepared_)));
}

at::Tensor PixNerdImpl::decode_pixels(const at::Tensor& pixels, const at::Tensor& s, const at::Tensor& weights,
                                      const at::Tensor& code) const {
  at::Tensor u = x_embedder_->forward(pixels, code);  // [T, N, E]
  for (size_t i = 0; i < field_blocks_.size(); ++i) {
    const auto& block = field_blocks_[i];
    if (weights.defined()) {
      u = block->apply(u, weights[static_cast<int64_t>(i)]);
      continue;
    }
    u = run_part(recomputed_.field, [block](const Tensors& in) { return block->forward(in[0], in[1]); }, {u, s});
  }
  return final_layer_->forward(u);
}

checkpoint::NamedTensors PixNerdImpl::parameters() const {
  checkpoint::NamedTensors tensors;
  for (const auto& parameter : named_parameters()) tensors.emplace_back(parameter.key(), parameter.value());
  return tensors;
}

void PixNerdImpl::adopt(const std::map<std::string, at::Tensor>& tensors, const std::string& source) {
  std::map<std::string, at::Tensor> given = tensors;
  std::map<std::string, at::Tensor> scales = checkpoint::take_scales(given, source);
  std::map<std::string, at::Tensor> as_real = given;
  for (const auto& [name, scale] : scales) as_real[name] = expected_tensor(given.at(name).sizes());
  checkpoint::check_names_and_shapes(parameters(), as_real, source);
  for (auto& parameter : named_parameters()) {
    at::Tensor& tensor = given.at(parameter.key());
    const bool keeps = keeps_type(parameter.key(), tensor);
    if (!keeps && scales.contains(parameter.key())) {
      tensor = nn::dequantise({tensor, scales.extract(parameter.key()).mapped()});
    }
    parameter.value().set_data(keeps ? tensor : tensor.to(at::kFloat));
  }
  for (auto& [name, layer] : linear_layers())
    layer->weight_scales = scales.contains(name) ? scales[name] : at::Tensor();
}

std::vector<std::pair<std::string, nn::LinearImpl*>> PixNerdImpl::linear_layers() {
  std::vector<std::pair<std::string, nn::LinearImpl*>> layers;
  for (const auto& module : named_modules()) {
    if (auto* layer = module.value()->as<nn::LinearImpl>()) layers.emplace_back(module.key() + ".weight", layer);
  }
  return layers;
}

void PixNerdImpl::pack(at::ScalarType dtype) {
  s_embedder_->pack(dtype);
  for (auto& block : blocks_) block->pack(dtype);
  for (auto& block : field_blocks_) block->pack(dtype);
}

void PixNerdImpl::pack_int8() {
  const auto layers = linear_layers();
  const bool stored =
      std::any_of(layers.begin(), layers.end(), [](const auto& each) { return each.second->weight_scales.defined(); });
  for (const auto& [name, layer] : layers) {
    const LayerGroup* group = layer_group(name, layer->weight.sizes());
    if (group == nullptr) continue;
    if (stored ? layer->weight_scales.defined() : group->int8) {
      layer->pack(at::kChar, group->rows > 0 ? group->rows : nn::LinearImpl::kTypicalRows);
    } else if (group->turned) {
      layer->pack_turned();
    }
  }
}

void PixNerdImpl::prepare_for_inference(const at::Device& device, at::ScalarType dtype) {
  const Precision precision = precision_of(dtype);
  if (prepared_) {
    require_precision(*this, precision);
    return;
  }
  set_requires_grad(false);
  const MappedSources sources = checkpoint::sources_of(parameters());
  if (dtype == at::kChar) {
    require_int8(device);
    pack_int8();
    dtype = at::kBFloat16;
  }
  if (device.is_cpu() && nn::has_packed_products(dtype)) pack(dtype);
  to(device, dtype);
  checkpoint::require_unchanged(sources);
  prepared_ = precision;
  has_kernels_ = device.is_cpu() && nn::has_product_kernel(weight_type(precision));
}

void PixNerdImpl::to(const at::Device& device, at::ScalarType dtype) {
  for (auto& [name, layer] : linear_layers()) {
    if (layer->weight_scales.defined()) layer->weight.set_data(nn::dequantise({layer->weight, layer->weight_scales}));
    layer->weight_scales.reset();
  }
  for (auto& parameter : named_parameters()) {
    const bool matrix = is_matrix(parameter.key(), parameter.value().dim());
    parameter.value().set_data(parameter.value().to(device, matrix ? dtype : at::kFloat));
  }
}

void PixNerdImpl::set_requires_grad(bool requires_grad) {
  for (auto& parameter : named_parameters()) parameter.value().set_requires_grad(requires_grad);
}

at::Device PixNerdImpl::device() const {
  return named_parameters().front().value().device();
}

}  // namespace pixnerd::models
