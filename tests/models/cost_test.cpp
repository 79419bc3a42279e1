#include "models/cost.h"

#include <gtest/gtest.h>

namespace pixnerd::models {
namespace {

C2IConfig large() {
  C2IConfig config;  // L/16
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

TEST(Cost, RecomputingKeepsLess) {
  const Cost cost = cost_of(large(), 256, 256);
  EXPECT_LT(cost.kept_by_blocks_recomputed, cost.kept_by_blocks / 10);
  EXPECT_LT(cost.kept_by_field_recomputed, cost.kept_by_field);
}

}  // namespace
}  // namespace pixnerd::models
