#include "diffusion/flow_matching.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "diffusion/noise.h"

namespace pixnerd::diffusion {
namespace {

TEST(FlowMatching, TheTrueVelocityHasNoLoss) {
  const at::Tensor x1 = at::randn({4, 3, 2, 2}), y = at::zeros({4}, at::kLong);
  at::Generator generator = seeded_generator(1);
  const Draws draws = draw({}, x1, generator);
  FunctionDenoiser truth([&](const at::Tensor&, const at::Tensor&, const at::Tensor&) { return x1 - draws.noise; });
  EXPECT_EQ(sample_losses(truth, flow_sample({}, x1, y, y, draws)).sum().item<float>(), 0.0F);
}

TEST(FlowMatching, ThePathRunsFromNoiseToImage) {
  const at::Tensor x1 = at::randn({2, 3, 2, 2}), y = at::zeros({2}, at::kLong);
  FlowConfig config;
  config.times = TimeDistribution::uniform;
  Draws draws{at::full({2}, 1.0), at::arange(2, at::kFloat), at::randn({2, 3, 2, 2})};
  const FlowSample sample = flow_sample(config, x1, y, y, draws);
  EXPECT_TRUE(at::equal(sample.x_t[0], draws.noise[0]));
  EXPECT_TRUE(at::equal(sample.x_t[1], x1[1]));
}

TEST(FlowMatching, DropsWholeConditionsOfAnyShape) {
  const at::Tensor condition = at::arange(6, at::kLong).view({3, 2});
  const at::Tensor dropped =
      drop_condition(condition, at::full({3, 2}, 9, at::kLong), at::arange(3, at::kFloat) / 4, 0.25);
  EXPECT_TRUE(at::equal(dropped[0], at::full({2}, 9, at::kLong)));
  EXPECT_TRUE(at::equal(dropped[1], condition[1]));
}

TEST(FlowMatching, TimesAreShifted) {
  FlowConfig config;
  config.timeshift = 2.0;
  EXPECT_NEAR(training_times(config, at::zeros({4}))[3].item<float>(), 1.0 / 3.0, 1e-6);  // sigmoid(0) = 0.5, shifted
}

TEST(FlowMatching, EarlyTimesComeFirst) {
  FlowConfig plain, early;
  early.early_share = 0.5;
  early.early_mean = -1.5;
  const at::Tensor x1 = at::zeros({4, 3, 4, 4});
  at::Generator first = seeded_generator(7), second = seeded_generator(7);
  const at::Tensor moved = draw(early, x1, first).time - draw(plain, x1, second).time;
  EXPECT_TRUE(at::allclose(moved, at::tensor({-1.5F, -1.5F, 0.0F, 0.0F})));
  const std::vector<uint64_t> seeds{1, 2, 3};
  const at::Tensor of_each = draw_each(early, seeds, {3, 4, 4}, 1).time - draw_each(plain, seeds, {3, 4, 4}, 0).time;
  EXPECT_TRUE(at::allclose(of_each, at::tensor({-1.5F, 0.0F, 0.0F})));
}

TEST(FlowMatching, LognormalTimesHaveTheirMeanAndDeviation) {
  FlowConfig plain, moved;
  moved.time_mean = -0.8;
  moved.time_std = 0.5;
  moved.early_share = 0.25;
  const at::Tensor x1 = at::zeros({4, 3, 4, 4});
  at::Generator first = seeded_generator(7), second = seeded_generator(7);
  const at::Tensor normal = draw(plain, x1, first).time;
  at::Tensor expected = 0.5 * normal - 0.8;
  expected[0] = 0.5 * normal[0] + moved.early_mean;
  EXPECT_TRUE(at::allclose(draw(moved, x1, second).time, expected));
  EXPECT_TRUE(at::allclose(training_times(moved, expected), at::sigmoid(expected)));
  const std::vector<uint64_t> seeds{4, 5, 6, 7};
  const at::Tensor each = draw_each(plain, seeds, {3, 4, 4}, 0).time,
                   of_each = draw_each(moved, seeds, {3, 4, 4}, 1).time;
  EXPECT_TRUE(at::allclose(of_each.slice(0, 1), 0.5 * each.slice(0, 1) - 0.8));
  EXPECT_NEAR(of_each[0].item<float>(), 0.5 * each[0].item<float>() + moved.early_mean, 1e-6);
}

TEST(FlowMatching, UniformTimesHaveNeither) {
  FlowConfig plain, moved;
  plain.times = moved.times = TimeDistribution::uniform;
  moved.time_mean = -0.8;
  moved.time_std = 0.5;
  EXPECT_TRUE(at::equal(draw_each(plain, {1, 2}, {3, 4, 4}, 0).time, draw_each(moved, {1, 2}, {3, 4, 4}, 1).time));
}

// v leads from x_t to x1 in the time that is left, and back to the noise of the scale, whatever that is.
TEST(FlowMatching, NoiseHasItsScaleOnThePathAndInTheVelocity) {
  const at::Tensor x1 = at::randn({3, 3, 4, 4}), y = at::zeros({3}, at::kLong);
  at::Generator generator = seeded_generator(1);
  const Draws draws = draw({}, x1, generator);
  for (const double scale : {0.5, 2.0}) {
    const FlowSample sample = flow_sample({}, x1, y, y, draws, scale);
    const at::Tensor t = sample.t.view({-1, 1, 1, 1});
    EXPECT_TRUE(at::allclose(sample.x_t + (1 - t) * sample.velocity, x1, 1e-5, 1e-6));
    EXPECT_TRUE(at::allclose(sample.x_t - t * sample.velocity, scale * draws.noise, 1e-5, 1e-6));
    EXPECT_TRUE(at::allclose((x1 - sample.x_t) / (1 - t), sample.velocity, 1e-4, 1e-4));
  }
}

TEST(FlowMatching, DrawsOfAPictureDoNotDependOnItsNeighbours) {
  const Draws all = draw_each({}, {11, 12, 13, 14}, {3, 5, 7}, 0), some = draw_each({}, {13, 14}, {3, 5, 7}, 0);
  EXPECT_TRUE(at::equal(all.noise.narrow(0, 2, 2), some.noise));
  EXPECT_TRUE(at::equal(all.time.narrow(0, 2, 2), some.time));
  EXPECT_TRUE(at::equal(all.drop.narrow(0, 2, 2), some.drop));
  EXPECT_NEAR(draw_each({}, {5}, {3, 64, 64}, 0).noise.std().item<float>(), 1.0, 0.05);
}

TEST(FlowMatching, DrawsDependOnTheGeneratorAlone) {
  const at::Tensor x1 = at::zeros({2, 3, 4, 4});
  at::Generator first = seeded_generator(7), second = seeded_generator(7);
  EXPECT_TRUE(at::equal(draw({}, x1, first).noise, draw({}, x1, second).noise));
}

}  // namespace
}  // namespace pixnerd::diffusion
