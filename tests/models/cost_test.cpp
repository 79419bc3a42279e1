#include "models/cost.h"

#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "tests/models/tiny.h"

namespace pixnerd::models {
namespace {

ModelConfig large() {
  ModelConfig config;  // L/16
  config.validate();
  return config;
}

// The paper's network of 452 M parameters at 256 x 256, counted by hand in multiply-adds: 22 blocks of 256 tokens, two
// neural-field blocks of 256 x 256 pixels.
TEST(Cost, OfL16IsKnown) {
  const double block = 256.0 * (4 * 1024 * 1024 + 3 * 1024 * 2730 + 2 * 256 * 1024) + 6 * 1024 * 1024;
  const double field = 256.0 * 16384 * (1024 + 256);
  const Cost cost = cost_of(large(), 256, 256);
  EXPECT_DOUBLE_EQ(cost.blocks, 2 * 22 * block);
  EXPECT_DOUBLE_EQ(cost.field, 2 * 2 * field);
  EXPECT_NEAR(cost.forward() * 1e-9, 170, 1);
}

TEST(Cost, GrowsFasterThanThePixelsOnlyByAttention) {
  const Cost small = cost_of(large(), 256, 256), big = cost_of(large(), 512, 512);
  EXPECT_DOUBLE_EQ(big.field, 4 * small.field);
  EXPECT_GT(big.blocks, 4 * small.blocks);
  EXPECT_LT(big.blocks, 5 * small.blocks);
}

// XXL/16 on 512 x 512, by hand: 16 blocks of 1024 tokens that also attend to 128 of text, 4 blocks of the text.
TEST(Cost, OfTextToImageCountsTheText) {
  ModelConfig config;
  config.type = ModelType::t2i;
  config.hidden_size = 1536;
  config.num_heads = 24;
  const double d = 1536, projections = 4 * d * d + 3 * d * 4 * d;
  const double image = 1024 * (projections + 2 * (1024 + 128) * d) + 128 * 2 * d * d + 6 * d * d;
  const double text = 128 * (projections + 2 * 128 * d) + 6 * d * d;
  const Cost plain = cost_of(config, 512, 512);
  EXPECT_DOUBLE_EQ(plain.blocks, 2 * (16 * image + 4 * text));
  config.type = ModelType::t2i_heavy;  // the same tokens whatever the size, four times the pixels
  const Cost large = cost_of(config, 1024, 1024);
  EXPECT_DOUBLE_EQ(large.blocks, plain.blocks);
  EXPECT_GT(large.field, plain.field);
  EXPECT_LT(large.field, 2 * plain.field);
}

TEST(Cost, ParametersAreThoseOfTheNetwork) {
  ModelConfig xl;
  xl.hidden_size = 1152;
  xl.num_cond_blocks = 26;
  xl.num_blocks = 30;
  ModelConfig text;
  text.type = ModelType::t2i_heavy;
  text.hidden_size = 1536;
  text.num_heads = 24;
  for (const ModelConfig& config : {large(), xl, text}) {
    double exact = 0;
    for (const auto& [name, parameter] : make_network(config)->parameters())
      exact += static_cast<double>(parameter.numel());
    EXPECT_NEAR(parameters_of(config) / exact, 1, 0.001);
  }
}

TEST(Cost, SamplingMemoryGrowsWithTheSizeByPicturesAlone) {
  ModelConfig config;
  config.type = ModelType::t2i_heavy;
  const TokenGrid grid{32, 32};
  const double at_512 = sampling_bytes(config, grid, 512, 512, 1, Precision::bfloat16);
  const double at_2048 = sampling_bytes(config, grid, 2048, 2048, 1, Precision::bfloat16);
  EXPECT_GT(at_2048, at_512);
  EXPECT_LT(at_2048, at_512 + 3e9);
  EXPECT_GT(sampling_bytes(config, grid, 512, 512, 1, Precision::float32), at_512);
  EXPECT_GT(sampling_bytes(config, grid, 512, 512, 8, Precision::bfloat16), at_512);
}

// The field's weights of 1024 tokens in two blocks are 2^25 values: those of 4 pictures are kept, those of 5 are not.
TEST(Cost, WhatIsKeptForReuseIsCounted) {
  const TokenGrid grid{32, 32};
  const auto of_reuse = [&](int64_t batch, Precision precision) {
    return sampling_bytes(large(), grid, 512, 512, batch, precision, true) -
           sampling_bytes(large(), grid, 512, 512, batch, precision, false);
  };
  EXPECT_EQ(kept_values(large(), 1024), 1024 * 2 * 2 * 64 * 64 * 2);
  EXPECT_DOUBLE_EQ(of_reuse(4, Precision::float32), 3 * 4 * 4 * 1024.0 * 32768);
  EXPECT_DOUBLE_EQ(of_reuse(4, Precision::bfloat16), 3 * 2 * 4 * 1024.0 * 32768);
  EXPECT_DOUBLE_EQ(of_reuse(5, Precision::float32), 0);
}

// That the estimate and the network agree on what is too much.
TEST(Cost, WhatIsTooMuchIsNotKept) {
  ModelConfig config = tiny_config();  // with one block of the neural field
  config.field_width = 512;            // 2^20 weights a token
  const auto network = make_network(config);
  for (const int64_t tokens : {3, 129}) {
    const at::Tensor kept = network->field_weights(at::zeros({1, tokens, config.hidden_size}));
    EXPECT_EQ(kept.defined() ? kept.numel() : 0, kept_values(config, tokens)) << tokens;
  }
}

TEST(Cost, RecomputingKeepsLess) {
  const Cost cost = cost_of(large(), 256, 256);
  EXPECT_LT(cost.kept_by_blocks_recomputed, cost.kept_by_blocks / 10);
  EXPECT_LT(cost.kept_by_field_recomputed, cost.kept_by_field);
}

}  // namespace
}  // namespace pixnerd::models
