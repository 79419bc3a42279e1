// A small random Qwen3 for tests.
#pragma once

#include <ATen/ops/randn.h>

#include <ATen/CPUGeneratorImpl.h>

#include <nlohmann/json.hpp>
#include <string>

#include "models/qwen3.h"

namespace pixnerd::models {

inline nlohmann::json tiny_qwen3_json() {
  return {{"model_type", "qwen3"},   {"hidden_size", 16},      {"num_attention_heads", 4}, {"num_key_value_heads", 2},
          {"head_dim", 6},           {"num_hidden_layers", 2}, {"intermediate_size", 24},  {"vocab_size", 300},
          {"rms_norm_eps", 1e-6},    {"rope_theta", 10000},    {"hidden_act", "silu"},     {"torch_dtype", "bfloat16"},
          {"attention_bias", false}, {"rope_scaling", nullptr}};
}

inline Qwen3Config tiny_qwen3() {
  return parse_qwen3_config(tiny_qwen3_json().dump(), "config.json");
}

inline Qwen3Weights random_qwen3(const Qwen3Config& config, uint64_t seed = 1) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  Qwen3Weights weights;
  const auto add = [&](const std::string& name, at::IntArrayRef shape) {
    weights.emplace(name + ".weight", at::randn(shape, generator));
  };
  const int64_t width = config.hidden_size, inner = config.intermediate_size, head = config.head_dim;
  add("embed_tokens", {config.vocab_size, width});
  add("norm", {width});
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
    const std::string layer = "layers." + std::to_string(i) + ".";
    add(layer + "input_layernorm", {width});
    add(layer + "post_attention_layernorm", {width});
    add(layer + "self_attn.q_norm", {head});
    add(layer + "self_attn.k_norm", {head});
    add(layer + "self_attn.q_proj", {config.num_attention_heads * head, width});
    add(layer + "self_attn.k_proj", {config.num_key_value_heads * head, width});
    add(layer + "self_attn.v_proj", {config.num_key_value_heads * head, width});
    add(layer + "self_attn.o_proj", {width, config.num_attention_heads * head});
    add(layer + "mlp.gate_proj", {inner, width});
    add(layer + "mlp.up_proj", {inner, width});
    add(layer + "mlp.down_proj", {width, inner});
  }
  return weights;
}

}  // namespace pixnerd::models
