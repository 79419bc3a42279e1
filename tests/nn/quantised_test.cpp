#include "nn/quantised.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "nn/linear.h"
#include "nn/onednn.h"
#include "nn/rms_norm.h"
#include "nn/swiglu.h"
#include "tests/nn/relative_error.h"

namespace pixnerd::nn {
namespace {

class QuantisedTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_packed_products(at::kChar)) GTEST_SKIP() << "no int8 products here";
  }

  at::Tensor drawn(at::IntArrayRef shape) { return at::randn(shape, generator_, at::kFloat); }
  Linear linear(int64_t in, int64_t out, bool with_bias) {
    Linear layer(in, out, with_bias);
    layer->initialise(generator_);
    for (auto& parameter : layer->parameters()) parameter.set_requires_grad(false);
    return layer;
  }

  at::Generator generator_ = at::detail::createCPUGenerator(1);
};

TEST_F(QuantisedTest, WeightsComeBackWithinHalfAStep) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16, at::kHalf}) {
    const at::Tensor weight = drawn({5, 33}).to(type);
    const QuantisedWeight rounded = quantise_weight(weight);
    EXPECT_EQ(rounded.values.scalar_type(), at::kChar);
    EXPECT_EQ(rounded.values.abs().amax(1).sum().item<int64_t>(), 5 * 127);
    const at::Tensor error = (dequantise(rounded) - weight.to(at::kFloat)).abs();
    EXPECT_TRUE((error <= 0.5001 * rounded.scales.unsqueeze(1)).all().item<bool>());
  }
}

// The zero point's share must have been taken away, with whole numbers to the last bit.
TEST_F(QuantisedTest, ProductsAreThoseOfTheWholeNumbers) {
  for (const auto& [rows, in, out] : {std::array{1, 7, 3}, std::array{5, 64, 16}, std::array{33, 129, 257}}) {
    const at::Tensor x = at::randint(0, 256, {rows, in}, generator_, at::kByte);
    const at::Tensor weight = at::randint(-128, 128, {out, in}, generator_, at::kChar);
    const at::Tensor scales = drawn({out}).abs();
    const at::Tensor found = onednn_linear_int8(x, onednn_pack_int8(weight, rows), scales);
    const at::Tensor exact = (x.to(at::kFloat) - 128).matmul(weight.to(at::kFloat).t()) * scales;
    EXPECT_EQ(found.scalar_type(), at::kBFloat16);
    EXPECT_LT(relative_error(found, exact), 0.003) << rows << " x " << in << " x " << out;
  }
}

TEST_F(QuantisedTest, LayersAreCloseToThoseInFloat32) {
  for (const bool with_bias : {true, false}) {
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
      Linear layer = linear(100, 48, with_bias);
      // Rows of very different sizes: each has its own scale.
      const at::Tensor x = (drawn({2, 9, 100}) * drawn({2, 9, 1}).mul(4).exp()).to(type);
      const at::Tensor exact = layer->forward(x.to(at::kFloat));
      layer->pack(at::kChar);
      EXPECT_TRUE(layer->takes_int8());
      EXPECT_EQ(layer->weight.numel(), 0);
      const at::Tensor found = layer->forward(x);
      EXPECT_EQ(found.sizes(), exact.sizes());
      const at::Tensor error = (found.to(at::kFloat) - exact).norm(2, {-1}), size = exact.norm(2, {-1});
      EXPECT_TRUE((error < 0.03 * size).all().item<bool>());
    }
  }
}

// One channel a hundred times the others: turned, it takes nothing from them.
TEST_F(QuantisedTest, TurnedLayersStandALargeChannel) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    Linear turned = linear(192, 48, true), plain = linear(192, 48, true);
    plain->weight.set_requires_grad(false).set_data(turned->weight.detach().clone());
    plain->bias.set_requires_grad(false).set_data(turned->bias.detach().clone());
    at::Tensor x = drawn({2, 9, 192});
    x.select(2, 70).mul_(100);
    const at::Tensor in_type = x.to(type), exact = plain->forward(in_type.to(at::kFloat));
    turned->pack_turned();
    plain->pack(at::kChar);
    EXPECT_FALSE(turned->takes_int8());  // its rows have to be turned
    EXPECT_EQ(turned->weight.numel(), 0);
    const auto error = [&](Linear& layer) { return relative_error(layer->forward(in_type), exact); };
    EXPECT_LT(error(turned), 0.02);
    EXPECT_LT(error(turned), error(plain));
  }
}

TEST_F(QuantisedTest, AWeightInBytesGivesWhatItsOwnRoundingGives) {
  Linear own = linear(64, 32, true), stored(64, 32, true);
  const QuantisedWeight rounded = quantise_weight(own->weight);
  stored->weight.set_requires_grad(false).set_data(rounded.values);
  stored->weight_scales = rounded.scales;
  stored->bias.set_requires_grad(false).set_data(own->bias);
  const at::Tensor x = drawn({3, 64});
  EXPECT_LT(relative_error(stored->forward(x), own->forward(x)), 0.02);
  own->pack(at::kChar);
  stored->pack(at::kChar);
  EXPECT_TRUE(own->forward(x).equal(stored->forward(x)));
}

TEST_F(QuantisedTest, WhatIsNotFiniteStaysSo) {
  Linear layer = linear(16, 4, true);
  layer->pack(at::kChar);
  at::Tensor x = drawn({3, 16});
  x[1][3] = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor y = layer->forward(x);
  EXPECT_TRUE(y[0].isfinite().all().item<bool>());
  EXPECT_TRUE(y[1].isnan().all().item<bool>());
  EXPECT_TRUE(y[2].isfinite().all().item<bool>());
}

// At once instead of one after the other: but for the rounding in between, the same.
TEST_F(QuantisedTest, NormalisedRowsAreThoseOfTheNormRounded) {
  const at::NoGradGuard no_grad;
  RMSNorm norm(50);
  norm->weight.copy_(1 + 0.1 * drawn({50}));
  const at::Tensor x = drawn({3, 7, 50}), modulation = drawn({3, 1, 100});
  const auto halves = modulation.chunk(2, 2);
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    for (const bool is_modulated : {false, true}) {
      const at::Tensor shift = is_modulated ? halves[0] : at::Tensor(), scale = is_modulated ? halves[1] : at::Tensor();
      const at::Tensor in_type = x.to(type);
      const at::Tensor y = is_modulated ? norm->forward(in_type, shift, scale) : norm->forward(in_type);
      const QuantisedRows found = norm->quantised(in_type, shift, scale), expected = quantise_rows(y);
      EXPECT_EQ(found.values.sizes(), x.sizes());
      EXPECT_LT(relative_error(found.scales, expected.scales), 0.005);
      const at::Tensor steps = (found.values.to(at::kFloat) - expected.values.to(at::kFloat)).abs();
      EXPECT_LE(steps.max().item<float>(), 1);
      EXPECT_LT(steps.mean().item<float>(), type == at::kFloat ? 1e-3 : 0.25);
    }
  }
}

TEST_F(QuantisedTest, SwiGLUInBothForms) {
  for (const SwiGLUMatrices matrices : {SwiGLUMatrices::separate, SwiGLUMatrices::fused}) {
    SwiGLU mlp(64, 96, matrices);
    mlp->initialise(generator_);
    for (auto& parameter : mlp->parameters()) parameter.set_requires_grad(false);
    const at::Tensor x = drawn({2, 5, 64}), exact = mlp->forward(x);
    mlp->pack(at::kChar);
    EXPECT_LT(relative_error(mlp->forward(x), exact), 0.04);
    EXPECT_LT(relative_error(mlp->forward(x.to(at::kBFloat16)), exact), 0.04);
  }
}

}  // namespace
}  // namespace pixnerd::nn
