#include "train/frequency.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>

#include "diffusion/noise.h"

namespace pixnerd::train {
namespace {

at::Tensor random(at::IntArrayRef shape, uint64_t seed) {
  at::Generator generator = diffusion::seeded_generator(seed);
  return at::randn(shape, generator);
}

// A picture's channel of YCbCr at a place; nothing beyond its sides.
double channel_at(const at::Tensor& rgb, int64_t channel, int64_t y, int64_t x) {
  constexpr double kRows[3][3] = {{0.299, 0.587, 0.114}, {-0.168736, -0.331264, 0.5}, {0.5, -0.418688, -0.081312}};
  if (y >= rgb.size(1) || x >= rgb.size(2)) return 0;
  double sum = 0;
  for (int64_t c = 0; c < 3; ++c) sum += kRows[channel][c] * rgb[c][y][x].item<double>();
  return sum;
}

// The sum that a DCT is, and 1 / Q of the weights that are given.
double by_hand(const at::Tensor& rgb, const std::array<std::array<double, 64>, 3>& weights) {
  const int64_t rows = (rgb.size(1) + 7) / 8, columns = (rgb.size(2) + 7) / 8;
  const auto norm = [](int64_t k) { return std::sqrt((k == 0 ? 1.0 : 2.0) / 8); };
  const auto wave = [](int64_t k, int64_t n) { return std::cos(std::numbers::pi * (2.0 * n + 1) * k / 16); };
  double sum = 0;
  for (int64_t c = 0; c < 3; ++c) {
    for (int64_t block = 0; block < rows * columns; ++block) {
      for (int64_t u = 0; u < 8; ++u) {
        for (int64_t v = 0; v < 8; ++v) {
          double coefficient = 0;
          for (int64_t y = 0; y < 8; ++y) {
            for (int64_t x = 0; x < 8; ++x) {
              coefficient +=
                  channel_at(rgb, c, 8 * (block / columns) + y, 8 * (block % columns) + x) * wave(u, y) * wave(v, x);
            }
          }
          coefficient *= norm(u) * norm(v);
          sum += weights[c][8 * u + v] * coefficient * coefficient;
        }
      }
    }
  }
  return sum / static_cast<double>(3 * 64 * rows * columns);
}

// The table of annex K's first rows at quality 85, as libjpeg has it, decides what the first frequencies weigh.
TEST(FrequencyLoss, WeighsAsJpegDoes) {
  const FrequencyLoss loss(85);
  const auto of_wave = [&](int64_t u, int64_t v) {
    const at::Tensor n = at::arange(8, at::kFloat);
    const auto wave = [&](int64_t k) {
      return ((2 * n + 1) * (k * std::numbers::pi / 16)).cos() / (k == 0 ? 2.828427 : 2);
    };
    const at::Tensor grey = wave(u).view({8, 1}) * wave(v).view({1, 8});  // Y alone, of length 1
    return loss(grey.view({1, 1, 8, 8}).expand({1, 3, 8, 8})).item<double>();
  };
  const double first = of_wave(0, 0);
  constexpr double kQ[] = {5, 3, 3, 5, 7, 12, 15, 18};  // floor((30 q + 50) / 100) of 16 11 10 16 24 40 51 61
  for (int64_t v = 0; v < 8; ++v) EXPECT_NEAR(of_wave(0, v) / first, kQ[0] / kQ[v], 1e-3) << v;
  EXPECT_NEAR(of_wave(7, 7) / first, 5.0 / 30, 1e-3);
  EXPECT_NEAR(of_wave(7, 0) / first, 5.0 / 22, 1e-3);
}

TEST(FrequencyLoss, AtTheBestQualityAllCountAlike) {
  std::array<std::array<double, 64>, 3> ones{};
  for (auto& channel : ones) channel.fill(1);
  const at::Tensor difference = random({2, 3, 12, 9}, 1);
  const at::Tensor losses = FrequencyLoss(100)(difference);
  for (int64_t i = 0; i < 2; ++i) EXPECT_NEAR(losses[i].item<double>(), by_hand(difference[i], ones), 1e-5);
}

TEST(FrequencyLoss, ColourCountsForLessInDetail) {
  const FrequencyLoss loss(50);
  at::Tensor grey = at::zeros({1, 3, 8, 8}), blue = at::zeros({1, 3, 8, 8});
  const at::Tensor stripes = 1 - 2 * at::arange(8, at::kFloat).remainder(2);
  grey.copy_(stripes.expand({1, 3, 8, 8}));
  blue.select(1, 2).copy_(stripes.expand({1, 8, 8}));
  const at::Tensor flat_blue = blue.abs(), flat_grey = grey.abs();
  EXPECT_LT(loss(blue).item<double>() / loss(flat_blue).item<double>(),
            loss(grey).item<double>() / loss(flat_grey).item<double>());
}

TEST(FrequencyLoss, ItsGradientIsThatOfDifferences) {
  const FrequencyLoss loss(85);
  at::Tensor difference = random({2, 3, 16, 8}, 2).requires_grad_();
  loss(difference).sum().backward();
  const c10::NoGradGuard no_grad;
  const at::Tensor direction = random({2, 3, 16, 8}, 3);
  constexpr double kStep = 1e-2;
  const auto at_step = [&](double step) { return loss(difference + step * direction).sum().item<double>(); };
  const double slope = (at_step(kStep) - at_step(-kStep)) / (2 * kStep);
  EXPECT_NEAR((difference.grad() * direction).sum().item<double>(), slope, 1e-3 * std::abs(slope) + 1e-4);
}

}  // namespace
}  // namespace pixnerd::train
