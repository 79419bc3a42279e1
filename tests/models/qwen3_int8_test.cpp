// Qwen3 in 8 bits where, as in trained models, one token has a few values a thousand times the others (Sun et al.,
// "Massive Activations in Large Language Models", 2024).
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randint.h>
#include <gtest/gtest.h>

#include <cmath>

#include "models/qwen3.h"
#include "nn/packed_weight.h"
#include "tests/models/tiny_qwen3.h"
#include "tests/nn/relative_error.h"

namespace pixnerd::models {
namespace {

constexpr int64_t kMassiveToken = 7, kInner = 11, kChannel = 40, kOther = 90;

Qwen3Config six_layers() {
  nlohmann::json json = tiny_qwen3_json();
  json.update({{"hidden_size", 256}, {"num_attention_heads", 8}, {"num_key_value_heads", 4}, {"head_dim", 32}});
  json.update({{"num_hidden_layers", 6}, {"intermediate_size", 768}});
  return parse_qwen3_config(json.dump(), "config.json");
}

// The second layer answers that token with values of some 1,000 in two channels of the residual.
Qwen3Weights massive_weights() {
  Qwen3Weights weights = random_qwen3(six_layers(), 3);
  for (auto& [name, weight] : weights) {
    if (weight.dim() == 1) weight.abs_().add_(0.5);
    if (name.starts_with("layers.") && weight.dim() == 2) weight.div_(std::sqrt(static_cast<double>(weight.size(1))));
  }
  const at::Tensor embedded = weights["embed_tokens.weight"][kMassiveToken], direction = embedded / embedded.norm();
  weights["layers.1.mlp.gate_proj.weight"][kInner].copy_(direction * 2);
  weights["layers.1.mlp.up_proj.weight"][kInner].copy_(direction * 10);
  at::Tensor& down = weights["layers.1.mlp.down_proj.weight"];
  down.select(1, kInner).zero_();
  down[kChannel][kInner] = 2;
  down[kOther][kInner] = -1;
  return weights;
}

TEST(Qwen3Int8, KeepsWhatStandsBesideMassiveValues) {
  if (!nn::has_packed_products(at::kChar)) GTEST_SKIP() << "no int8 products here";
  auto generator = at::make_generator<at::CPUGeneratorImpl>(5);
  at::Tensor ids = at::randint(kMassiveToken + 1, 300, {2, 24}, generator, at::kLong);
  ids.select(1, 0).fill_(kMassiveToken);
  const at::Tensor is_real = at::ones({2, 24}, at::kBool);
  const Qwen3Weights weights = massive_weights();
  at::Tensor exact = Qwen3(six_layers(), weights, "weights", at::kFloat)(ids, is_real);
  at::Tensor found = Qwen3(six_layers(), weights, "weights", at::kChar)(ids, is_real).to(at::kFloat);
  EXPECT_LT(nn::relative_error(found.narrow(1, 1, 23), exact.narrow(1, 1, 23)), 0.09);
  ASSERT_GT(exact.select(1, 0).select(1, kChannel).abs().min().item<double>(),
            10 * exact.select(1, 0).abs().mean().item<double>());
  for (at::Tensor* const states : {&exact, &found}) {
    for (const int64_t channel : {kChannel, kOther}) states->select(2, channel).zero_();
  }
  // .03 with o_proj and down_proj in bfloat16, .08 if they were turned by Hadamard's matrix and rounded, .2 if rounded.
  EXPECT_LT(nn::relative_error(found.select(1, 0), exact.select(1, 0)), 0.04);
}

}  // namespace
}  // namespace pixnerd::models
