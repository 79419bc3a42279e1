#include "models/dinov2.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_upsample_bicubic2d_aa.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/upsample_bicubic2d.h>

#include <cmath>
#include <string>

#include "core/errors.h"
#include "core/text.h"
#include "models/precision.h"

namespace pixnerd::models {
namespace {

constexpr double kLayerNormEps = 1e-6;
constexpr int64_t kRepaPatch = 14, kDenoiserPatch = 16;
constexpr int64_t kHeadWidth = 64;
constexpr int64_t kTypicalRows = 256;  // patches of a picture of 224 x 224 pixels

at::Tensor normalised(const at::Tensor& pictures) {  // [B, 3, H, W] in 0..1
  const auto channels = [&](std::initializer_list<float> values) {
    return at::tensor(values, at::kFloat).view({3, 1, 1}).to(pictures.device());
  };
  return (pictures - channels({0.485F, 0.456F, 0.406F})) / channels({0.229F, 0.224F, 0.225F});
}

std::string block_name(int64_t index) {
  return concat("blocks.", index, ".");
}

int64_t depth_of(const std::map<std::string, at::Tensor>& tensors) {
  int64_t depth = 0;
  while (tensors.contains(block_name(depth) + "norm1.weight")) ++depth;
  return depth;
}

// The tensors that all sizes are told from; the rest is checked against them.
const at::Tensor& sized(const FrozenWeights& weights, const std::string& name, int64_t dimensions) {
  const auto found = weights.tensors.find(name);
  if (found == weights.tensors.end() || found->second.dim() != dimensions || found->second.numel() == 0) {
    throw CheckpointError(concat("checkpoint ", quoted(weights.source), ": is no DINOv2: ", name,
                                 " is missing or has not ", dimensions, " dimensions"));
  }
  return found->second;
}

checkpoint::NamedTensors expected_tensors(const FrozenWeights& weights) {
  const int64_t width = sized(weights, "cls_token", 3).size(2);
  const at::Tensor &positions = sized(weights, "pos_embed", 3), &patches = sized(weights, "patch_embed.proj.weight", 4);
  const int64_t hidden = sized(weights, "blocks.0.mlp.fc1.weight", 2).size(0);
  checkpoint::NamedTensors expected;
  const auto add = [&](const std::string& name, at::IntArrayRef shape) {
    expected.emplace_back(name, expected_tensor(shape));
  };
  const auto add_linear = [&](const std::string& name, int64_t in, int64_t out) {
    add(name + ".weight", {out, in});
    add(name + ".bias", {out});
  };
  const auto add_norm = [&](const std::string& name) {
    add(name + ".weight", {width});
    add(name + ".bias", {width});
  };
  add("cls_token", {1, 1, width});
  add("pos_embed", {1, positions.size(1), width});
  add("patch_embed.proj.weight", {width, 3, patches.size(2), patches.size(2)});
  add("patch_embed.proj.bias", {width});
  if (weights.tensors.contains("register_tokens")) {
    add("register_tokens", {1, sized(weights, "register_tokens", 3).size(1), width});
  }
  for (int64_t i = 0; i < depth_of(weights.tensors); ++i) {
    const std::string block = block_name(i);
    add_norm(block + "norm1");
    add_linear(block + "attn.qkv", width, 3 * width);
    add_linear(block + "attn.proj", width, width);
    add(block + "ls1.gamma", {width});
    add_norm(block + "norm2");
    add_linear(block + "mlp.fc1", width, hidden);
    add_linear(block + "mlp.fc2", hidden, width);
    add(block + "ls2.gamma", {width});
  }
  add_norm("norm");
  return expected;
}

void check_tensors(const FrozenWeights& weights) {
  auto counted = weights;
  counted.tensors.erase("mask_token");  // for training alone
  check_frozen_weights(expected_tensors(weights), counted);
  const int64_t patches = weights.tensors.at("pos_embed").size(1) - 1;
  const int64_t side = std::llround(std::sqrt(static_cast<double>(patches)));
  if (side < 1 || side * side != patches) {
    throw CheckpointError(
        concat("checkpoint ", quoted(weights.source), ": pos_embed is of ", patches, " patches, which make no square"));
  }
}

int64_t heads_of(const FrozenWeights& weights, const DinoV2Options& options) {
  const int64_t width = weights.tensors.at("cls_token").size(2);
  const int64_t heads = options.num_heads.value_or(width / kHeadWidth);
  if (heads < 1 || width % heads != 0) {
    throw CheckpointError(
        concat("checkpoint ", quoted(weights.source), ": ", heads, " attention heads do not divide the width ", width));
  }
  return heads;
}

}  // namespace

at::Tensor repa_input(const at::Tensor& pictures) {
  const at::NoGradGuard no_gradients;
  return at::upsample_bicubic2d(
      normalised(pictures.to(at::kFloat)),
      {pictures.size(2) * kRepaPatch / kDenoiserPatch, pictures.size(3) * kRepaPatch / kDenoiserPatch},
      /*align_corners=*/false);
}

at::Tensor dinov2_input(const at::Tensor& pictures) {
  return normalised(pictures.permute({0, 3, 1, 2}).to(at::kFloat) / 255);
}

at::Tensor DinoV2::Norm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, {x.size(-1)}, weight, bias, kLayerNormEps);
}

at::Tensor DinoV2::Product::operator()(const at::Tensor& x) const {
  if (packed) return packed->product(x.to(packed->dtype()));
  return at::linear(x.to(bias.scalar_type()), weight, bias);
}

DinoV2::DinoV2(const FrozenWeights& weights, const DinoV2Options& options) : type_(options.type) {
  const at::NoGradGuard no_gradients;
  check_tensors(weights);
  num_heads_ = heads_of(weights, options);
  fingerprint_ = fingerprint_of(weights.tensors);
  const auto value = [&](const std::string& name, at::ScalarType type = at::kFloat) {
    return weights.tensors.at(name).to(options.device, type, /*non_blocking=*/false, /*copy=*/true).contiguous();
  };
  const auto norm = [&](const std::string& name) { return Norm{value(name + ".weight"), value(name + ".bias")}; };
  const auto product = [&](const std::string& name, const std::string& scale = {}) {
    Product made{value(name + ".weight"), value(name + ".bias")};
    if (!scale.empty()) {
      const at::Tensor gamma = value(scale);
      made.weight.mul_(gamma.unsqueeze(1));
      made.bias.mul_(gamma);
    }
    made.weight = made.weight.to(type_);
    made.bias = made.bias.to(type_);
    if (!options.device.is_cpu() || !nn::has_packed_products(type_)) return made;
    return Product{{}, {}, nn::PackedWeight(made.weight, made.bias, kTypicalRows)};
  };
  class_token_ = value("cls_token");
  if (weights.tensors.contains("register_tokens")) register_tokens_ = value("register_tokens");
  positions_ = value("pos_embed");
  patch_weight_ = value("patch_embed.proj.weight", type_);
  patch_bias_ = value("patch_embed.proj.bias", type_);
  for (int64_t i = 0; i < depth_of(weights.tensors); ++i) {
    const std::string block = block_name(i);
    blocks_.push_back({norm(block + "norm1"), norm(block + "norm2"), product(block + "attn.qkv"),
                       product(block + "attn.proj", block + "ls1.gamma"), product(block + "mlp.fc1"),
                       product(block + "mlp.fc2", block + "ls2.gamma")});
  }
  norm_ = norm("norm");
  checkpoint::require_unchanged(weights.tensors);
}

DinoV2 DinoV2::load(const std::filesystem::path& path, const DinoV2Options& options) {
  return DinoV2(load_frozen_weights(path), options);
}

// As the published networks do: those without registers scale by (n + 0.1) / base, a guard against rounding that moves
// every sample a little; those with registers by the ratio of sizes, with antialias.
at::Tensor DinoV2::position_table(int64_t rows, int64_t columns) const {
  const int64_t patches = positions_.size(1) - 1;
  if (rows == columns && rows * columns == patches) return positions_;
  const int64_t base = std::llround(std::sqrt(static_cast<double>(patches)));
  const at::Tensor square = positions_.narrow(1, 1, patches).view({1, base, base, width()}).permute({0, 3, 1, 2});
  at::Tensor resized;  // [1, D, rows, columns]
  if (register_tokens_.defined()) {
    resized = at::_upsample_bicubic2d_aa(square, {rows, columns}, /*align_corners=*/false);
  } else {
    const auto scale = [&](int64_t n) { return (static_cast<double>(n) + 0.1) / static_cast<double>(base); };
    resized = at::upsample_bicubic2d(square, {rows, columns}, /*align_corners=*/false, scale(rows), scale(columns));
  }
  return at::cat({positions_.narrow(1, 0, 1), resized.flatten(2).transpose(1, 2)}, 1);
}

at::Tensor DinoV2::tokens_of(const at::Tensor& x) const {
  const int64_t side = patch_size();
  if (x.dim() != 4 || x.size(1) != 3 || x.size(2) < side || x.size(3) < side || x.size(2) % side != 0 ||
      x.size(3) % side != 0) {
    throw RequestError(concat("DINOv2 takes pictures whose sides are multiples of ", side));
  }
  const at::Tensor patches = at::conv2d(x.to(type_), patch_weight_, patch_bias_, {side, side}).to(at::kFloat);
  const at::Tensor row = patches.flatten(2).transpose(1, 2);
  const at::Tensor tokens =
      at::cat({class_token_.expand({x.size(0), -1, -1}), row}, 1) + position_table(patches.size(2), patches.size(3));
  if (!register_tokens_.defined()) return tokens;
  return at::cat(
      {tokens.narrow(1, 0, 1), register_tokens_.expand({x.size(0), -1, -1}), tokens.narrow(1, 1, tokens.size(1) - 1)},
      1);
}

at::Tensor DinoV2::attention(const Block& block, const at::Tensor& x) const {
  const at::Tensor qkv =
      block.qkv(x).unflatten(2, {3, num_heads_, -1}).permute({2, 0, 3, 1, 4});  // [3, B, heads, N, d]
  const at::Tensor mixed = at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]);
  return block.proj(mixed.transpose(1, 2).flatten(2));
}

DinoV2Tokens DinoV2::operator()(const at::Tensor& pictures) const {
  const at::NoGradGuard no_gradients;
  const PrecisionScope own_types(Precision::float32, pictures.device());
  at::Tensor x = tokens_of(pictures);
  for (const Block& block : blocks_) {
    x = x + attention(block, block.norm1(x));
    x = x + block.fc2(at::gelu(block.fc1(block.norm2(x))));
  }
  x = norm_(x);
  const int64_t before = register_tokens_.defined() ? 1 + register_tokens_.size(1) : 1;
  return {x.select(1, 0), x.narrow(1, before, x.size(1) - before)};
}

}  // namespace pixnerd::models
