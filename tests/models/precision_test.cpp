// How far mixed precision may be from float32, and that recomputing changes nothing.
#include "models/precision.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <cmath>

#include "models/recompute.h"
#include "nn/packed_weight.h"
#include "tests/models/tiny.h"
#include "tests/nn/relative_error.h"

namespace pixnerd::models {
namespace {

struct Passed {
  at::Tensor velocity;
  std::vector<std::pair<std::string, at::Tensor>> gradients;
};

// Width 64 with four heads, three blocks and two of the field: rounding adds up as in the published networks.
ModelConfig config() {
  ModelConfig config = tiny_config();
  config.hidden_size = 64;
  config.num_heads = 4;
  config.num_cond_blocks = 3;
  config.num_blocks = 5;
  return config;
}

Passed forward_and_backward(Precision precision, const RecomputedParts& parts) {
  const auto network = random_network(config(), 4);
  network->set_requires_grad(true);
  network->set_mode(Mode::train);
  network->set_recomputed(parts);
  at::Generator generator = diffusion::seeded_generator(8);
  const at::Tensor x = at::randn({3, 3, 16, 24}, generator);
  Passed passed;
  {
    const PrecisionScope scope(precision, at::kCPU);
    passed.velocity = network->velocity(x, at::full({3}, 0.4), at::full({3}, 1, at::kLong));
  }
  passed.velocity.to(at::kFloat).square().mean().backward();
  for (const auto& [name, parameter] : network->parameters()) passed.gradients.emplace_back(name, parameter.grad());
  return passed;
}

// The stated bounds of bfloat16, whose numbers have 8 significant bits: 2 % of the velocity's size, 6 % of a
// gradient's. A gradient that is a thousandth of all others together may drown in their rounding.
TEST(MixedPrecision, StaysWithinItsBounds) {
  const Passed exact = forward_and_backward(Precision::float32, {});
  const Passed mixed = forward_and_backward(Precision::bfloat16, {});
  EXPECT_LT(nn::relative_error(mixed.velocity, exact.velocity), 0.02);
  EXPECT_GT(nn::relative_error(mixed.velocity, exact.velocity), 1e-5);  // it is another arithmetic
  double squares = 0;
  for (const auto& [name, gradient] : exact.gradients) squares += gradient.square().sum().item<double>();
  for (size_t i = 0; i < exact.gradients.size(); ++i) {
    const at::Tensor& expected = exact.gradients[i].second;
    const double error = (mixed.gradients[i].second - expected).norm().item<double>();
    EXPECT_LT(error, 0.06 * expected.norm().item<double>() + 1e-3 * std::sqrt(squares)) << exact.gradients[i].first;
  }
}

TEST(AvailablePrecision, IsTheNextBetterOneWhereADeviceLacksOne) {
  EXPECT_EQ(available_precision(Precision::int8, at::kCUDA), Precision::bfloat16);
  EXPECT_EQ(available_precision(Precision::bfloat16, at::kCUDA), Precision::bfloat16);
  EXPECT_EQ(available_precision(Precision::float32, at::kCPU), Precision::float32);
  const Precision best = available_precision(Precision::int8, at::kCPU);
  EXPECT_EQ(best == Precision::int8, nn::has_packed_products(at::kChar));
  EXPECT_EQ(best == Precision::float32, !nn::has_packed_products(at::kBFloat16));
}

class Recomputed : public testing::TestWithParam<std::tuple<Precision, bool, bool>> {};

TEST_P(Recomputed, GivesTheSameBits) {
  const auto [precision, blocks, field] = GetParam();
  const Passed kept = forward_and_backward(precision, {});
  const Passed again = forward_and_backward(precision, {blocks, field});
  EXPECT_TRUE(at::equal(kept.velocity, again.velocity));
  for (size_t i = 0; i < kept.gradients.size(); ++i) {
    EXPECT_TRUE(at::equal(kept.gradients[i].second, again.gradients[i].second)) << kept.gradients[i].first;
  }
}

INSTANTIATE_TEST_SUITE_P(Parts, Recomputed,
                         testing::Combine(testing::Values(Precision::float32, Precision::bfloat16), testing::Bool(),
                                          testing::Bool()));

}  // namespace
}  // namespace pixnerd::models
