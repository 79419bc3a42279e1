#include "train/perceptual.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/randn.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "diffusion/noise.h"
#include "tests/models/efficientnet_weights.h"

namespace pixnerd::train {
namespace {

at::Tensor pictures(int64_t side, uint64_t seed) {
  at::Generator generator = diffusion::seeded_generator(seed);
  return at::randn({2, 3, side, side}, generator).tanh();
}

const models::EfficientNetLite& eye() {
  static const models::EfficientNetLite network({models::efficientnet_weights(), "random"}, at::kFloat, at::kCPU,
                                                models::Mode::train);
  return network;
}

TEST(Perceptual, EqualPicturesAreNoDistanceApart) {
  const at::Tensor real = pictures(32, 1);
  EXPECT_NEAR(perceptual_losses(eye(), real, real).max().item<double>(), 0, 1e-9);
  const at::Tensor losses = perceptual_losses(eye(), pictures(32, 2), real);
  EXPECT_EQ(losses.sizes(), at::IntArrayRef({2}));
  EXPECT_GT(losses.min().item<double>(), 0);
  EXPECT_LT(losses.max().item<double>(), 4);
}

TEST(Perceptual, APictureIsComparedWithItsOwn) {
  const at::Tensor real = pictures(32, 1), drawn = pictures(32, 2);
  const at::Tensor together = perceptual_losses(eye(), drawn, real);
  for (int64_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(perceptual_losses(eye(), drawn.narrow(0, i, 1), real.narrow(0, i, 1)).item<double>(),
                together[i].item<double>(), 1e-5);
  }
}

TEST(Perceptual, TheSmallestPictureHasAPlaceInEachStage) {
  EXPECT_GT(perceptual_losses(eye(), pictures(kLeastPerceptualSide, 1), pictures(kLeastPerceptualSide, 2))
                .min()
                .item<double>(),
            0);
}

// Nearer is less, and along the gradient it falls by what the gradient says.
TEST(Perceptual, ItsGradientIsThatOfDifferences) {
  const at::Tensor real = pictures(32, 1), other = pictures(32, 2);
  at::Tensor drawn = (0.7 * real + 0.3 * other).requires_grad_();
  perceptual_losses(eye(), drawn, real).sum().backward();
  const c10::NoGradGuard no_grad;
  ASSERT_TRUE(drawn.grad().defined());
  const at::Tensor direction = drawn.grad() / drawn.grad().norm();
  constexpr double kStep = 0.02;
  const auto at_step = [&](double step) {
    return perceptual_losses(eye(), drawn + step * direction, real).sum().item<double>();
  };
  const double slope = (at_step(kStep) - at_step(-kStep)) / (2 * kStep);
  EXPECT_NEAR(drawn.grad().norm().item<double>(), slope, 0.05 * slope);
}

TEST(Perceptual, TheRealPictureHasNoGradient) {
  const at::Tensor real = pictures(16, 1).requires_grad_();
  EXPECT_FALSE(perceptual_losses(eye(), pictures(16, 2), real).requires_grad());
}

}  // namespace
}  // namespace pixnerd::train
