#include "models/qwen3.h"

#include <ATen/TensorIndexing.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <c10/core/GradMode.h>

#include "models/int8_layers.h"
#include "models/precision.h"
#include "nn/packed_weight.h"
#include "nn/swiglu.h"

namespace pixnerd::models {
namespace {

nn::Linear linear_of(const std::string& name, const at::Tensor& weight, at::ScalarType type, const at::Device& device) {
  nn::Linear linear(weight.size(1), weight.size(0), /*with_bias=*/false);
  linear->weight.set_requires_grad(false);
  linear->weight.set_data(weight);
  if (type == at::kChar) type = is_int8_layer_of_qwen3(name) ? at::kChar : at::kBFloat16;
  if (device.is_cpu() && nn::has_packed_products(type)) {
    linear->pack(type);
  } else {
    linear->weight.set_data(weight.to(device, type));
  }
  return linear;
}

// The pairs are channel i and channel i + d/2. x [B, H, L, d], cos and sin [L, d / 2].
at::Tensor rotate_halves(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const int64_t half = x.size(-1) / 2;
  const at::Tensor a = x.narrow(-1, 0, half), b = x.narrow(-1, half, half);
  return at::cat({a * cos - b * sin, b * cos + a * sin}, -1);
}

// [B, K, L, d] -> [B, K * times, L, d], each head so many times in turn.
at::Tensor repeat_heads(const at::Tensor& x, int64_t times) {
  return x.unsqueeze(2).expand({-1, -1, times, -1, -1}).flatten(1, 2);
}

}  // namespace

Qwen3::Qwen3(const Qwen3Config& config, const Qwen3Weights& weights, const std::string& source, at::ScalarType type,
             const at::Device& device)
    : config_(config), type_(type == at::kChar ? at::kBFloat16 : type), device_(device) {
  const c10::NoGradGuard no_gradients;
  if (type == at::kChar) require_int8(device);
  Qwen3Weights chosen = qwen3_weights(weights, config, source);
  const auto take = [&](const std::string& name) { return std::move(chosen.extract(name).mapped()); };
  const auto vector = [&](const std::string& name) {
    return take(name).to(device, type_, /*non_blocking=*/false, /*copy=*/true);
  };
  embedding_ = take("embed_tokens.weight").cpu();
  last_norm_ = vector("norm.weight");
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
    const std::string name = "layers." + std::to_string(i) + ".";
    const auto matrix = [&](const char* part) {
      const std::string weight = name + part + ".weight";
      return linear_of(weight, take(weight), type, device);
    };
    Layer layer;
    layer.input_norm = vector(name + "input_layernorm.weight");
    layer.mlp_norm = vector(name + "post_attention_layernorm.weight");
    layer.q_norm = vector(name + "self_attn.q_norm.weight");
    layer.k_norm = vector(name + "self_attn.k_norm.weight");
    layer.q = matrix("self_attn.q_proj");
    layer.k = matrix("self_attn.k_proj");
    layer.v = matrix("self_attn.v_proj");
    layer.o = matrix("self_attn.o_proj");
    layer.gate = matrix("mlp.gate_proj");
    layer.up = matrix("mlp.up_proj");
    layer.down = matrix("mlp.down_proj");
    layers_.push_back(std::move(layer));
  }
}

Qwen3 Qwen3::load(const std::filesystem::path& folder, at::ScalarType type, const at::Device& device) {
  const Qwen3Config config = load_qwen3_config(folder / "config.json");
  const auto file = open_qwen3_weights(folder);
  return {config, tensors_of(file), file->source(), type, device};
}

// The normalised value is rounded to x's type before the weight multiplies it, as the published code does.
at::Tensor Qwen3::norm(const at::Tensor& x, const at::Tensor& weight) const {
  const at::Tensor x32 = x.to(at::kFloat);
  const at::Tensor scale = at::rsqrt(at::mean(x32 * x32, {-1}, /*keepdim=*/true) + config_.rms_norm_eps);
  return (x32 * scale).to(x.scalar_type()) * weight;
}

Qwen3::Positions Qwen3::positions(const at::Tensor& is_real) const {
  const int64_t length = is_real.size(1);
  const at::Tensor pairs = at::arange(0, config_.head_dim, 2).to(at::kFloat) / static_cast<double>(config_.head_dim);
  const at::Tensor angles =
      at::outer(at::arange(length).to(at::kFloat), at::pow(config_.rope_theta, pairs).reciprocal());
  const at::Tensor earlier = at::ones({length, length}, at::kBool).tril();
  Positions all;
  all.cos = angles.cos().to(device_, type_);
  all.sin = angles.sin().to(device_, type_);
  all.sees = (earlier & is_real.unsqueeze(1).unsqueeze(1)).to(device_);
  all.sees_any = all.sees.any(-1, /*keepdim=*/true);
  return all;
}

// [B, L, heads * d] -> [B, heads, L, d], normalised and turned.
at::Tensor Qwen3::heads(const at::Tensor& projected, const at::Tensor& norm_weight, const Positions& positions) const {
  const at::Tensor x = norm(projected.unflatten(2, {-1, config_.head_dim}), norm_weight);
  return rotate_halves(x.transpose(1, 2), positions.cos, positions.sin);
}

at::Tensor Qwen3::attend(const Layer& layer, const at::Tensor& x, const Positions& positions) const {
  const int64_t shared = config_.num_attention_heads / config_.num_key_value_heads;
  const at::Tensor q = heads(layer.q->forward(x), layer.q_norm, positions);
  const at::Tensor k = heads(layer.k->forward(x), layer.k_norm, positions);
  const at::Tensor v = layer.v->forward(x).unflatten(2, {-1, config_.head_dim}).transpose(1, 2);
  const at::Tensor mixed =
      at::scaled_dot_product_attention(q, repeat_heads(k, shared), repeat_heads(v, shared), positions.sees);
  const at::Tensor seen = mixed.masked_fill(positions.sees_any.logical_not(), 0);  // [B, H, L, d]
  return layer.o->forward(seen.transpose(1, 2).flatten(2));
}

at::Tensor Qwen3::mlp(const Layer& layer, const at::Tensor& x) const {
  return layer.down->forward(nn::gated_product(layer.gate->forward(x), layer.up->forward(x)));
}

at::Tensor Qwen3::operator()(const at::Tensor& ids, const at::Tensor& is_real) const {
  const c10::NoGradGuard no_gradients;
  const PrecisionScope in_one_type(Precision::float32, device_);
  const Positions all = positions(is_real);
  at::Tensor x = at::embedding(embedding_, ids).to(device_, type_);  // [B, L, T]
  for (const Layer& layer : layers_) {
    x = x + attend(layer, norm(x, layer.input_norm), all);
    x = x + mlp(layer, norm(x, layer.mlp_norm));
  }
  return norm(x, last_norm_);
}

}  // namespace pixnerd::models
