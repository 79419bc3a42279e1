#include "nn/linear.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <gtest/gtest.h>

namespace pixnerd::nn {
namespace {

TEST(Linear, MultipliesByTheTransposedWeightAndAddsTheBias) {
  Linear linear(2, 3, true);
  const at::NoGradGuard no_grad;
  linear->weight.copy_(at::arange(6, at::kFloat).view({3, 2}));
  linear->bias.copy_(at::arange(3, at::kFloat));
  const at::Tensor y = linear->forward(at::arange(2, at::kFloat).view({1, 2}));
  EXPECT_TRUE(at::allclose(y, at::arange(3, at::kFloat).view({1, 3}) * 3 + 1));
}

TEST(Linear, InitialisesWithinTheBoundOfItsFanIn) {
  Linear linear(16, 400, true);
  at::Generator generator = at::detail::createCPUGenerator(1);
  linear->initialise(generator);
  EXPECT_LE(linear->weight.abs().max().item<float>(), 0.25F);
  EXPECT_GT(linear->weight.abs().max().item<float>(), 0.24F);
  EXPECT_LE(linear->bias.abs().max().item<float>(), 0.25F);
}

TEST(Linear, InSequenceHasTheNameOfPyTorchsSequential) {
  torch::nn::Module parent;
  register_in_sequence(parent, "mlp", 0, Linear(2, 2, true));
  register_in_sequence(parent, "mlp", 2, Linear(2, 2, false));
  std::vector<std::string> names;
  for (const auto& parameter : parent.named_parameters()) names.push_back(parameter.key());
  EXPECT_EQ(names, (std::vector<std::string>{"mlp.0.weight", "mlp.0.bias", "mlp.2.weight"}));
}

}  // namespace
}  // namespace pixnerd::nn
