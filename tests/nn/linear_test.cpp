#include "nn/linear.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <functional>

#include "nn/linear_product.h"

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

// The weight's gradient after two backward passes of products in that type.
at::Tensor gradient_of_two(at::ScalarType type, bool in_place, const std::function<void(at::Tensor&)>& between) {
  at::Generator generator = at::detail::createCPUGenerator(3);
  at::Tensor weight = at::randn({37, 24}, generator).requires_grad_();
  const GradientsInPlace scope(in_place);
  for (int pass = 0; pass < 2; ++pass) {
    const at::Tensor x = at::randn({2, 35, 24}, generator).to(type), grad_y = at::randn({2, 35, 37}, generator);
    (linear_product(x, weight, {}) * grad_y).sum().backward();
    if (pass == 0) between(weight.mutable_grad());
  }
  return weight.grad();
}

TEST(GradientsInPlace, AreThoseThatAreAdded) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const at::Tensor added = gradient_of_two(type, false, [](at::Tensor&) {});
    EXPECT_TRUE(at::allclose(gradient_of_two(type, true, [](at::Tensor&) {}), added, 1e-5, 1e-4)) << type;
    const auto transposed = [](at::Tensor& grad) { grad = grad.t().contiguous().t(); };  // no place for a kernel
    EXPECT_TRUE(at::allclose(gradient_of_two(type, true, transposed), added, 1e-5, 1e-4)) << type;
    const auto dropped = [](at::Tensor& grad) { grad = at::Tensor(); };
    EXPECT_TRUE(gradient_of_two(type, true, dropped).equal(gradient_of_two(type, false, dropped))) << type;
  }
}

TEST(GradientsInPlace, AreWhereTheyWere) {
  void* place = nullptr;
  const auto keep = [&](at::Tensor& grad) { place = grad.data_ptr(); };
  EXPECT_EQ(gradient_of_two(at::kFloat, true, keep).data_ptr(), place);
}

// A weight that was computed has its gradient on the way to what it was computed from.
TEST(GradientsInPlace, AreOfLeavesAlone) {
  const at::Tensor leaf = at::ones({4, 4}).requires_grad_(), x = at::ones({2, 4});
  const GradientsInPlace scope(true);
  for (int pass = 0; pass < 2; ++pass) linear_product(x, leaf * 2, {}).sum().backward();
  EXPECT_TRUE(leaf.grad().equal(at::full({4, 4}, 8.0F)));
}

}  // namespace
}  // namespace pixnerd::nn
