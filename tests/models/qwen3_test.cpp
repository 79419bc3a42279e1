#include "models/qwen3.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/models/tiny_qwen3.h"

namespace pixnerd::models {
namespace {

using nlohmann::json;

std::string refused(const json& config) {
  return thrown<ConfigError>([&] { parse_qwen3_config(config.dump(), "config.json"); });
}

TEST(Qwen3Config, ReadsThetaFromEitherPlace) {
  json config = tiny_qwen3_json();
  EXPECT_EQ(parse_qwen3_config(config.dump(), "c").rope_theta, 10000.0);
  config.erase("rope_theta");
  EXPECT_EQ(refused(config), "config.json: rope_theta is missing, at the top as well as in rope_parameters");
  config["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 5e5}};
  EXPECT_EQ(parse_qwen3_config(config.dump(), "c").rope_theta, 5e5);
  config["rope_theta"] = 1e4;
  EXPECT_EQ(refused(config), "config.json: rope_parameters.rope_theta is 500000, but rope_theta is 10000");
}

TEST(Qwen3Config, TakesNullsAsAbsent) {
  json config = tiny_qwen3_json();
  config.erase("rope_theta");
  config["rope_parameters"] = {{"rope_theta", 5e5}, {"rope_type", nullptr}, {"factor", nullptr}};
  config["rope_scaling"] = {{"type", nullptr}, {"rope_theta", nullptr}, {"partial_rotary_factor", nullptr}};
  EXPECT_EQ(parse_qwen3_config(config.dump(), "c").rope_theta, 5e5);
  config["quantization_config"] = nullptr;
  config["layer_types"] = nullptr;
  EXPECT_EQ(parse_qwen3_config(config.dump(), "c").rope_theta, 5e5);
}

TEST(Qwen3Config, NamesTheFieldItCannotServe) {
  const auto with = [](const char* key, const json& value) {
    json config = tiny_qwen3_json();
    config[key] = value;
    return refused(config);
  };
  const std::string start = "config.json: ";
  EXPECT_EQ(with("model_type", "qwen2"), start + "model_type is 'qwen2', supported is qwen3");
  EXPECT_EQ(with("attention_bias", true), start + "attention_bias is 'true', supported is false");
  EXPECT_EQ(with("rope_scaling", {{"rope_type", "yarn"}, {"factor", 4.0}}),
            start + "rope_scaling.factor is not supported");
  EXPECT_EQ(with("rope_scaling", {{"rope_type", "yarn"}}),
            start + "rope_scaling.rope_type is 'yarn', supported is default");
  EXPECT_EQ(with("layer_types", {"full_attention", "sliding_attention"}),
            start + "layer_types has 'sliding_attention', supported is full_attention");
  EXPECT_EQ(with("num_key_value_heads", 3), start + "num_key_value_heads does not divide num_attention_heads");
  EXPECT_EQ(with("head_dim", 5), start + "head_dim is odd; rotary positions need pairs");
  EXPECT_EQ(with("head_dim", nullptr), start + "head_dim is missing");
  EXPECT_NE(with("hidden_size", 0).find("hidden_size must be"), std::string::npos);
  EXPECT_EQ(with("rms_norm_eps", nullptr), start + "rms_norm_eps is missing");
}

TEST(Qwen3Weights, NamesTheDisagreeingField) {
  const Qwen3Config config = tiny_qwen3();
  const auto refusal = [&](const Qwen3Config& other) {
    return thrown<CheckpointError>([&] { qwen3_weights(random_qwen3(config), other, "x"); });
  };
  Qwen3Config other = config;
  other.intermediate_size = 20;
  EXPECT_EQ(refusal(other),
            "checkpoint 'x': layers.0.mlp.gate_proj.weight has shape [24, 16], the config needs [20, 16]: "
            "intermediate_size is 20 in config.json");
  other = config;
  other.vocab_size = 301;
  EXPECT_NE(refusal(other).find("vocab_size is 301 in config.json"), std::string::npos);
  other = config;
  other.num_hidden_layers = 3;
  EXPECT_EQ(refusal(other),
            "checkpoint 'x': layers.2.input_layernorm.weight is missing: num_hidden_layers is 3 in "
            "config.json");
  other.num_hidden_layers = 1;
  EXPECT_NE(refusal(other).find("is no tensor of the config's network: num_hidden_layers is 1"), std::string::npos);
}

TEST(Qwen3Weights, PassesOverHeadsAndPrefixes) {
  const Qwen3Config config = tiny_qwen3();
  const Qwen3Weights bare = random_qwen3(config);
  Qwen3Weights published = {{"lm_head.weight", at::ones({300, 16})}, {"score.weight", at::ones({2, 16})}};
  for (const auto& [name, tensor] : bare) published.emplace("model." + name, tensor);
  EXPECT_EQ(qwen3_weights(published, config, "x").size(), bare.size());
  published.emplace("model.layers.0.self_attn.q_proj.bias", at::ones({16}));
  EXPECT_NE(thrown<CheckpointError>([&] { qwen3_weights(published, config, "x"); }).find("q_proj.bias is no tensor"),
            std::string::npos);
}

// A position's state depends on nothing behind it and on no padding.
TEST(Qwen3, IsCausalAndDoesNotSeePadding) {
  const Qwen3Config config = tiny_qwen3();
  const Qwen3 model(config, random_qwen3(config), "x", at::kFloat);
  const at::Tensor ids = at::arange(6).unsqueeze(0), all = at::ones({1, 6}, at::kBool);
  const at::Tensor states = model(ids, all);
  EXPECT_EQ(states.sizes(), (std::vector<int64_t>{1, 6, 16}));
  at::Tensor changed = ids.clone();
  changed.narrow(1, 4, 2).fill_(9);
  EXPECT_TRUE(at::allclose(model(changed, all).narrow(1, 0, 4), states.narrow(1, 0, 4), 1e-5, 1e-5));
  const at::Tensor first_four = at::arange(6).lt(4).unsqueeze(0);
  at::Tensor other_padding = ids.clone();
  other_padding[0][4] = 9;
  EXPECT_TRUE(at::allclose(model(other_padding, first_four)[0][5], model(ids, first_four)[0][5], 1e-5, 1e-5));
}

TEST(Qwen3, GivesPaddingAloneNothingToAttendTo) {
  const Qwen3Config config = tiny_qwen3();
  const Qwen3 model(config, random_qwen3(config), "x", at::kFloat);
  const at::Tensor states = model(at::zeros({1, 5}, at::kLong), at::zeros({1, 5}, at::kBool));
  EXPECT_TRUE(states.isfinite().all().item<bool>());
  // Without attention there is nothing that tells positions apart.
  EXPECT_TRUE(at::allclose(states[0][0], states[0][4], 1e-6, 1e-6));
}

}  // namespace
}  // namespace pixnerd::models
