// Weights for the FID Inception-v3 computed from their names (tests/golden/README.md): the published ones are not
// stored here.
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <map>
#include <string>

#include "core/hash.h"
#include "models/inception_layers.h"

namespace pixnerd::models {

// n uniform numbers in [0, 1), float64.
inline at::Tensor uniforms_of(const std::string& salted_name, int64_t n) {
  at::Tensor u = at::empty({n}, at::kDouble);
  auto* values = u.mutable_data_ptr<double>();
  const uint64_t h = hash_of(salted_name);
  for (int64_t i = 0; i < n; ++i) {
    uint64_t z = h + (static_cast<uint64_t>(i) + 1) * 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    values[i] = static_cast<double>((z ^ (z >> 31)) >> 40) * 0x1p-24;
  }
  return u;
}

inline at::Tensor inception_weight(const std::string& salt, const std::string& name, at::IntArrayRef shape) {
  const at::Tensor u = uniforms_of(salt + name, c10::multiply_integers(shape)).view(shape);
  const auto is = [&](const char* ending) { return name.ends_with(ending); };
  at::Tensor value = 0.2 * u - 0.1;  // biases and means
  if (is(".conv.weight")) value = (2 * u - 1) * std::sqrt(6.0 / static_cast<double>(shape[1] * shape[2] * shape[3]));
  if (is("fc.weight")) value = (2 * u - 1) * std::sqrt(3.0 / 2048);
  if (is(".bn.weight") || is(".bn.running_var")) value = 0.75 + 0.5 * u;
  return value.to(at::kFloat);
}

inline std::map<std::string, at::Tensor> inception_weights(const std::string& salt) {
  std::map<std::string, at::Tensor> tensors;
  const auto add = [&](const std::string& name, at::IntArrayRef shape) {
    tensors.emplace(name, inception_weight(salt, name, shape));
  };
  for (const InceptionLayer& layer : inception_layers()) {
    const std::string name = layer.name;
    add(name + ".conv.weight", {layer.out, layer.in, layer.height, layer.width});
    for (const char* part : {"weight", "bias", "running_mean", "running_var"}) add(name + ".bn." + part, {layer.out});
    tensors.emplace(name + ".bn.num_batches_tracked", at::zeros({}, at::kLong));
  }
  add("fc.weight", {1008, 2048});
  add("fc.bias", {1008});
  return tensors;
}

}  // namespace pixnerd::models
