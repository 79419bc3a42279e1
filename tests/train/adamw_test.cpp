#include "train/adamw.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <cmath>

namespace pixnerd::train {
namespace {

// Loshchilov and Hutter's algorithm 2 on one number.
double by_hand(double x, const std::vector<double>& gradients, double lr, const AdamWConfig& config) {
  double m = 0, v = 0, t = 0;
  for (const double g : gradients) {
    ++t;
    m = config.betas[0] * m + (1 - config.betas[0]) * g;
    v = config.betas[1] * v + (1 - config.betas[1]) * g * g;
    x -= lr * config.weight_decay * x;
    x -= lr * (m / (1 - std::pow(config.betas[0], t))) /
         (std::sqrt(v / (1 - std::pow(config.betas[1], t))) + config.eps);
  }
  return x;
}

TEST(AdamW, FollowsTheAlgorithm) {
  const AdamWConfig config{{0.8, 0.95}, 1e-6, 0.1};
  at::Tensor x = at::full({3}, 2.0);
  AdamW optimiser({x}, config);
  const std::vector<double> gradients{0.5, -1.5, 0.25, 3.0};
  for (const double g : gradients) {
    x.mutable_grad() = at::full({3}, g);
    optimiser.step({.learning_rate = 0.01});
  }
  EXPECT_NEAR(x[1].item<double>(), by_hand(2.0, gradients, 0.01, config), 1e-6);
}

TEST(AdamW, LeavesParametersWithoutGradientAlone) {
  at::Tensor x = at::full({3}, 2.0), y = at::full({2}, 1.0);
  AdamW optimiser({x, y}, {{0.9, 0.999}, 1e-8, 0.5});
  y.mutable_grad() = at::full({2}, 1.0);
  optimiser.step({.learning_rate = 0.1});
  EXPECT_EQ(x[0].item<double>(), 2.0);
  EXPECT_LT(y[0].item<double>(), 1.0);
}

}  // namespace
}  // namespace pixnerd::train
