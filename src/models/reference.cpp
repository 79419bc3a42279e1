#include "models/reference.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

namespace pixnerd::models {
namespace {

at::Tensor frequencies_as_complex(int64_t rows, int64_t columns, int64_t head_width, const at::Device& device) {
  const auto options = at::TensorOptions().device(device);
  const auto grid = at::meshgrid({at::linspace(0, 16, rows, options), at::linspace(0, 16, columns, options)}, "ij");
  const at::Tensor frequency =
      1.0 / at::pow(10000.0, at::arange(0, head_width, 4, options).to(at::kFloat) / static_cast<double>(head_width));
  const at::Tensor x = at::outer(grid[1].reshape(-1), frequency);
  const at::Tensor y = at::outer(grid[0].reshape(-1), frequency);
  const at::Tensor angle = at::stack({x, y}, -1).flatten(1);  // [L, d/2]
  return at::polar(at::ones_like(angle), angle);
}

at::Tensor rotate(const at::Tensor& x_blhd, const at::Tensor& frequencies) {
  const at::Tensor pairs = at::view_as_complex(x_blhd.to(at::kFloat).unflatten(3, {-1, 2}).contiguous());
  return at::view_as_real(pairs * frequencies.unsqueeze(1)).flatten(3).to(x_blhd.scalar_type());
}

at::Tensor coordinate_code(int64_t patch, const at::Device& device) {
  const auto options = at::TensorOptions().device(device);
  const at::Tensor line = at::linspace(0, 1, patch, options);
  const auto grid = at::meshgrid({line, line}, "ij");
  const at::Tensor frequency = at::linspace(0, 8, 8, options);
  const at::Tensor f_i = frequency.view({1, 8, 1});
  const at::Tensor f_j = frequency.view({1, 1, 8});
  const at::Tensor x = grid[1].reshape({-1, 1, 1});
  const at::Tensor y = grid[0].reshape({-1, 1, 1});
  const at::Tensor code = at::cos(x * f_i * std::numbers::pi) * at::cos(y * f_j * std::numbers::pi);
  return (code / (1 + f_i * f_j)).flatten(1);  // [P * P, 64]
}

at::Tensor unit_columns(const at::Tensor& w) {
  return w / w.norm(2, 1, true).clamp_min(1e-12);
}

}  // namespace

ReferenceC2I::ReferenceC2I(const C2IConfig& config, std::map<std::string, at::Tensor> parameters, Observer observe)
    : config_(config), parameters_(std::move(parameters)), observe_(std::move(observe)) {}

at::Tensor ReferenceC2I::encode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& y) {
  const int64_t patch = config_.patch_size;
  const at::Tensor t_emb = embed_time(t);
  const at::Tensor y_emb = observed("y_embedder", embed_labels(y));
  const at::Tensor c = at::silu(t_emb + y_emb).unsqueeze(1);
  const at::Tensor patches = at::im2col(x, {patch, patch}, {1, 1}, {0, 0}, {patch, patch}).transpose(1, 2);
  at::Tensor s = observed("s_embedder", linear("s_embedder.proj", patches));
  for (int64_t i = 0; i < config_.num_cond_blocks; ++i) {
    s = transformer_block("blocks." + std::to_string(i), s, c, x.size(2) / patch, x.size(3) / patch);
  }
  return at::silu(t_emb.unsqueeze(1) + s);
}

at::Tensor ReferenceC2I::decode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& s) {
  const int64_t patch = config_.patch_size;
  const int64_t pixels = patch * patch;
  const at::Tensor patches = at::im2col(x, {patch, patch}, {1, 1}, {0, 0}, {patch, patch}).transpose(1, 2);
  const at::Tensor noisy = patches.reshape({-1, config_.in_channels, pixels}).transpose(1, 2);
  const at::Tensor code = coordinate_code(patch, x.device()).unsqueeze(0).expand({noisy.size(0), -1, -1});

  at::Tensor u = observed("x_embedder", linear("x_embedder.embedder.0", at::cat({noisy, code}, 2)));
  for (int64_t i = config_.num_cond_blocks; i < config_.num_blocks; ++i) {
    u = field_block("blocks." + std::to_string(i), u, s.flatten(0, 1));
  }
  u = observed("final_layer", linear("final_layer.linear", rms_norm("final_layer.norm", u)));
  const at::Tensor columns = u.transpose(1, 2).reshape({x.size(0), -1, config_.in_channels * pixels}).transpose(1, 2);
  const at::Tensor image = at::col2im(columns, {x.size(2), x.size(3)}, {patch, patch}, {1, 1}, {0, 0}, {patch, patch});
  if (config_.prediction == Prediction::velocity) return image;
  return (image - x) / (1 - t).clamp_min(0.05).view({-1, 1, 1, 1});
}

const at::Tensor& ReferenceC2I::parameter(const std::string& name) const {
  return parameters_.at(name);
}

at::Tensor ReferenceC2I::linear(const std::string& name, const at::Tensor& x, bool with_bias) const {
  const at::Tensor product = at::matmul(x, parameter(name + ".weight").t());
  return with_bias ? product + parameter(name + ".bias") : product;
}

at::Tensor ReferenceC2I::rms_norm(const std::string& name, const at::Tensor& x) const {
  const at::Tensor x32 = x.to(at::kFloat);
  const at::Tensor normalised = x32 * at::rsqrt(x32.pow(2).mean(-1, true) + 1e-6);
  return parameter(name + ".weight") * normalised.to(x.scalar_type());
}

at::Tensor ReferenceC2I::embed_time(const at::Tensor& t) const {
  const at::Tensor k = at::arange(128, t.options());
  const at::Tensor angle = t.unsqueeze(1) * at::exp(-std::log(10.0) * k / 128).unsqueeze(0);
  const at::Tensor features = at::cat({at::cos(angle), at::sin(angle)}, 1);
  return observed("t_embedder", linear("t_embedder.mlp.2", at::silu(linear("t_embedder.mlp.0", features))));
}

at::Tensor ReferenceC2I::embed_labels(const at::Tensor& y) const {
  const at::Tensor& classes = parameter("y_embedder.embedding_table.weight");
  if (config_.num_styles == 0) return at::embedding(classes, y);
  return at::embedding(classes, y.select(1, 0)) +
         at::embedding(parameter("y_embedder.style_table.weight"), y.select(1, 1));
}

at::Tensor ReferenceC2I::attention(const std::string& name, const at::Tensor& x, int64_t rows, int64_t columns) const {
  const int64_t d = config_.head_width();
  const at::Tensor qkv = linear(name + ".qkv", x, false).unflatten(2, {3, config_.num_heads, d});
  const at::Tensor frequencies = frequencies_as_complex(rows, columns, d, x.device());
  const at::Tensor q = rotate(rms_norm(name + ".q_norm", qkv.select(2, 0)), frequencies).transpose(1, 2);
  const at::Tensor k = rotate(rms_norm(name + ".k_norm", qkv.select(2, 1)), frequencies).transpose(1, 2);
  const at::Tensor v = qkv.select(2, 2).transpose(1, 2);
  const at::Tensor weights = at::softmax(at::matmul(q, k.transpose(2, 3)) / std::sqrt(static_cast<double>(d)), -1);
  return linear(name + ".proj", at::matmul(weights, v).transpose(1, 2).flatten(2));
}

at::Tensor ReferenceC2I::transformer_block(const std::string& name, const at::Tensor& x, const at::Tensor& c,
                                           int64_t rows, int64_t columns) const {
  const auto m = linear(name + ".adaLN_modulation.0", c).chunk(6, -1);
  const at::Tensor first = rms_norm(name + ".norm1", x) * (1 + m[1]) + m[0];
  const at::Tensor middle = x + m[2] * attention(name + ".attn", first, rows, columns);
  const at::Tensor second = rms_norm(name + ".norm2", middle) * (1 + m[4]) + m[3];
  const at::Tensor gated = at::silu(linear(name + ".mlp.w1", second, false)) * linear(name + ".mlp.w3", second, false);
  return observed(name, middle + m[5] * linear(name + ".mlp.w2", gated, false));
}

at::Tensor ReferenceC2I::field_block(const std::string& name, const at::Tensor& u, const at::Tensor& s) const {
  const int64_t width = config_.field_width;
  const int64_t hidden = width * config_.field_mlp_ratio;
  const auto halves = linear(name + ".param_generator1.0", s).chunk(2, 1);
  const at::Tensor w1 = unit_columns(halves[0].reshape({-1, width, hidden}));
  const at::Tensor w2 = unit_columns(halves[1].reshape({-1, hidden, width}));
  return observed(name, u + at::bmm(at::silu(at::bmm(rms_norm(name + ".norm", u), w1)), w2));
}

at::Tensor ReferenceC2I::observed(const std::string& name, at::Tensor output) const {
  if (observe_) observe_(name, output);
  return output;
}

}  // namespace pixnerd::models
