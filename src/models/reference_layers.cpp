#include "models/reference_layers.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

namespace pixnerd::models {

at::Tensor rotations(const at::Tensor& x, const at::Tensor& y, int64_t head_width) {
  const auto grid = at::meshgrid({y, x}, "ij");
  const at::Tensor frequency =
      1.0 / at::pow(10000.0, at::arange(0, head_width, 4, x.options()) / static_cast<double>(head_width));
  const at::Tensor by_x = at::outer(grid[1].reshape(-1), frequency);
  const at::Tensor by_y = at::outer(grid[0].reshape(-1), frequency);
  const at::Tensor angle = at::stack({by_x, by_y}, -1).flatten(1);  // [L, d/2]
  return at::polar(at::ones_like(angle), angle);
}

at::Tensor rotate(const at::Tensor& x_blhd, const at::Tensor& rotations) {
  const at::Tensor pairs = at::view_as_complex(x_blhd.to(at::kFloat).unflatten(3, {-1, 2}).contiguous());
  return at::view_as_real(pairs * rotations.unsqueeze(1)).flatten(3).to(x_blhd.scalar_type());
}

at::Tensor product_code(int64_t height, int64_t width, const at::Device& device) {
  const auto options = at::TensorOptions().device(device);
  const auto grid = at::meshgrid({at::linspace(0, 1, height, options), at::linspace(0, 1, width, options)}, "ij");
  const at::Tensor frequency = at::linspace(0, 8, 8, options);
  const at::Tensor f_i = frequency.view({1, 8, 1});
  const at::Tensor f_j = frequency.view({1, 1, 8});
  const at::Tensor x = grid[1].reshape({-1, 1, 1});
  const at::Tensor y = grid[0].reshape({-1, 1, 1});
  const at::Tensor code = at::cos(x * f_i * std::numbers::pi) * at::cos(y * f_j * std::numbers::pi);
  return (code / (1 + f_i * f_j)).flatten(1);
}

at::Tensor cut_patches(const at::Tensor& x, int64_t height, int64_t width) {
  return at::im2col(x, {height, width}, {1, 1}, {0, 0}, {height, width}).transpose(1, 2);
}

at::Tensor unit_columns(const at::Tensor& w) {
  return w / w.norm(2, 1, true).clamp_min(1e-12);
}

at::Tensor ReferenceLayers::linear(const std::string& name, const at::Tensor& x, bool with_bias) const {
  const at::Tensor product = at::matmul(x, parameter(name + ".weight").t());
  return with_bias ? product + parameter(name + ".bias") : product;
}

at::Tensor ReferenceLayers::rms_norm(const std::string& name, const at::Tensor& x) const {
  const at::Tensor x32 = x.to(at::kFloat);
  const at::Tensor normalised = x32 * at::rsqrt(x32.pow(2).mean(-1, true) + 1e-6);
  return parameter(name + ".weight") * normalised.to(x.scalar_type());
}

at::Tensor ReferenceLayers::embed_time(const at::Tensor& t) const {
  const at::Tensor k = at::arange(128, t.options());
  const at::Tensor angle = t.unsqueeze(1) * at::exp(-std::log(10.0) * k / 128).unsqueeze(0);
  const at::Tensor features = at::cat({at::cos(angle), at::sin(angle)}, 1);
  return observed("t_embedder", linear("t_embedder.mlp.2", at::silu(linear("t_embedder.mlp.0", features))));
}

at::Tensor ReferenceLayers::transformer_block(const std::string& name, const at::Tensor& x, const at::Tensor& c,
                                              const Part& attention, const Part& mlp) const {
  if (!c.defined()) {
    const at::Tensor attended = x + attention(rms_norm(name + ".norm1", x));
    return observed(name, attended + mlp(rms_norm(name + ".norm2", attended)));
  }
  const auto m = linear(name + ".adaLN_modulation.0", c).chunk(6, -1);
  const at::Tensor middle = x + m[2] * attention(rms_norm(name + ".norm1", x) * (1 + m[1]) + m[0]);
  return observed(name, middle + m[5] * mlp(rms_norm(name + ".norm2", middle) * (1 + m[4]) + m[3]));
}

at::Tensor ReferenceLayers::attend(const std::string& name, const at::Tensor& q, const at::Tensor& k,
                                   const at::Tensor& v) const {
  const double scale = std::sqrt(static_cast<double>(q.size(3)));
  const at::Tensor weights = at::softmax(at::matmul(q, k.transpose(2, 3)) / scale, -1);
  return linear(name + ".proj", at::matmul(weights, v).transpose(1, 2).flatten(2));
}

at::Tensor ReferenceLayers::decode_patches(const at::Tensor& x, const at::Tensor& t, const at::Tensor& s,
                                           int64_t height, int64_t width, const at::Tensor& code) const {
  const int64_t channels = config_.in_channels;
  const at::Tensor noisy = cut_patches(x, height, width).reshape({-1, channels, height * width}).transpose(1, 2);
  const at::Tensor codes = code.unsqueeze(0).expand({noisy.size(0), -1, -1});
  at::Tensor u = observed("x_embedder", linear("x_embedder.embedder.0", at::cat({noisy, codes}, 2)));
  for (int64_t i = 0; i < config_.field_blocks(); ++i) {
    u = field_block("blocks." + std::to_string(config_.transformer_blocks() + i), u, s.flatten(0, 1));
  }
  u = observed("final_layer", linear("final_layer.linear", before_final_layer(u)));
  const at::Tensor columns = u.transpose(1, 2).reshape({x.size(0), -1, channels * height * width}).transpose(1, 2);
  const at::Tensor image =
      at::col2im(columns, {x.size(2), x.size(3)}, {height, width}, {1, 1}, {0, 0}, {height, width});
  if (config_.prediction == Prediction::velocity) return image;
  return (image - x) / (1 - t).clamp_min(smallest_remaining_time(mode_)).view({-1, 1, 1, 1});
}

at::Tensor ReferenceLayers::field_block(const std::string& name, const at::Tensor& u, const at::Tensor& s) const {
  const int64_t width = config_.field_width;
  const int64_t hidden = width * config_.field_mlp_ratio;
  const auto halves = linear(name + ".param_generator1.0", s).chunk(2, 1);
  const at::Tensor w1 = unit_columns(halves[0].reshape({-1, width, hidden}));
  const at::Tensor w2 = second_weight(halves[1].reshape({-1, hidden, width}));
  return observed(name, u + at::bmm(at::silu(at::bmm(rms_norm(name + ".norm", u), w1)), w2));
}

at::Tensor ReferenceLayers::observed(const std::string& name, at::Tensor output) const {
  if (observe_) observe_(name, output);
  return output;
}

std::unique_ptr<diffusion::Denoiser> make_reference(const ModelConfig& config,
                                                    std::map<std::string, at::Tensor> parameters, Mode mode,
                                                    StageObserver observe) {
  const auto make = config.takes_text() ? make_reference_t2i : make_reference_c2i;
  return make(config, std::move(parameters), mode, std::move(observe));
}

}  // namespace pixnerd::models
