#include "train/step_draws.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

namespace pixnerd::train {
namespace {

RunConfig config_with_early_times() {
  RunConfig config;
  config.train.batch_size = 10;
  config.train.steps = 8;
  config.flow.early_share = 0.5;
  config.flow.early_mean = -100;
  return config;
}

TEST(StepDraws, PartsOfABatchAreThoseOfTheWhole) {
  const RunConfig config = config_with_early_times();
  const diffusion::Draws whole = draws_of(config, {3, 0, 10}, {3, 4, 4});
  const diffusion::Draws first = draws_of(config, {3, 0, 4}, {3, 4, 4}),
                         second = draws_of(config, {3, 4, 6}, {3, 4, 4});
  EXPECT_TRUE(at::equal(at::cat({first.noise, second.noise}), whole.noise));
  EXPECT_TRUE(at::equal(at::cat({first.drop, second.drop}), whole.drop));
  EXPECT_TRUE(at::equal(at::cat({first.time, second.time}), whole.time));
  EXPECT_EQ((whole.time < -50).sum().item<int64_t>(), 5);
  EXPECT_EQ((second.time < -50).sum().item<int64_t>(), 1);
}

TEST(StepDraws, APositionOfTheRunHasTheSameInBatchesOfAnySize) {
  RunConfig config = config_with_early_times();
  config.flow.early_share = 0;
  const diffusion::Draws tens = draws_of(config, {2, 0, 10}, {3, 4, 4});  // positions 20 to 29
  config.train.batch_size = 5;
  EXPECT_TRUE(at::equal(draws_of(config, {5, 0, 5}, {3, 4, 4}).noise, tens.noise.narrow(0, 5, 5)));
}

TEST(StepDraws, EarlyTimesEndWhereTheConfigurationSays) {
  RunConfig config = config_with_early_times();
  config.train.early_times_until = 0.5;
  EXPECT_EQ((draws_of(config, {3, 0, 10}, {3, 4, 4}).time < -50).sum().item<int64_t>(), 5);
  EXPECT_EQ((draws_of(config, {4, 0, 10}, {3, 4, 4}).time < -50).sum().item<int64_t>(), 0);
}

}  // namespace
}  // namespace pixnerd::train
