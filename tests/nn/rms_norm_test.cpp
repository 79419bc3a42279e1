#include "nn/rms_norm.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace pixnerd::nn {
namespace {

TEST(RMSNorm, GivesRowsOfUnitMeanSquareTimesTheWeight) {
  RMSNorm norm(5);
  const at::NoGradGuard no_grad;
  norm->weight.fill_(3.0);
  const at::Tensor y = norm->forward(at::randn({2, 7, 5}) * 100);
  EXPECT_TRUE(at::allclose((y * y).mean(-1), at::full({2, 7}, 9.0), 1e-4));
}

TEST(RMSNorm, KeepsZeroAndTakesStatisticsOfBfloat16InFloat32) {
  RMSNorm norm(64);
  norm->initialise();
  const at::NoGradGuard no_grad;
  EXPECT_EQ(norm->forward(at::zeros({1, 64})).abs().max().item<float>(), 0.0F);
  const at::Tensor y = norm->forward(at::full({1, 64}, 300.0).to(at::kBFloat16));
  EXPECT_NEAR(y.to(at::kFloat).mean().item<float>(), 1.0F, 1e-2);
}

}  // namespace
}  // namespace pixnerd::nn
