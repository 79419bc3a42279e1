// The operations that call kernels, values and gradients against the same mathematics in plain operators.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "nn/field_ends.h"
#include "nn/gated_residual.h"
#include "nn/linear_product.h"
#include "nn/positions.h"
#include "nn/rms_norm.h"
#include "nn/rotary.h"
#include "nn/swiglu.h"

namespace pixnerd::nn {
namespace {

using Tensors = std::vector<at::Tensor>;
using Operation = std::function<Tensors(const Tensors&)>;

Tensors normal(const std::vector<std::vector<int64_t>>& shapes) {
  at::Generator generator = at::detail::createCPUGenerator(7);
  Tensors tensors;
  for (const auto& shape : shapes) tensors.push_back(at::randn(shape, generator));
  return tensors;
}

// Results, then the gradients of their inner product with fixed numbers. The inputs whose index is below `in_type` have
// that storage type, the others are float32 parameters.
Tensors run(const Operation& operation, const Tensors& inputs, at::ScalarType type, size_t in_type) {
  Tensors leaves;
  for (size_t i = 0; i < inputs.size(); ++i) {
    leaves.push_back(inputs[i].to(i < in_type ? type : at::kFloat).detach().clone().requires_grad_());
  }
  at::Generator generator = at::detail::createCPUGenerator(9);
  Tensors results = operation(leaves), all;
  at::Tensor sum = at::zeros({});
  for (const at::Tensor& y : results) {
    sum = sum + (y.to(at::kFloat) * at::randn(y.sizes(), generator)).sum();
    all.push_back(y.detach().to(at::kFloat));
  }
  sum.backward();
  for (const at::Tensor& leaf : leaves) all.push_back(leaf.grad().to(at::kFloat));
  return all;
}

void expect_equal(const Operation& fast, const Operation& plain, const Tensors& inputs, size_t in_type) {
  const Tensors expected = run(plain, inputs, at::kFloat, in_type);
  for (const auto& [type, bound] : {std::pair{at::kFloat, 2e-5}, {at::kBFloat16, 0.02}}) {
    const Tensors found = run(fast, inputs, type, in_type);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(found[i].sizes(), expected[i].sizes());
      EXPECT_LT(((found[i] - expected[i]).norm() / expected[i].norm()).item<double>(), bound)
          << "tensor " << i << " in " << at::toString(type);
    }
  }
}

at::Tensor plain_norm(const at::Tensor& x, const at::Tensor& weight) {
  return x * at::rsqrt(x.square().mean(-1, true) + 1e-6) * weight;
}

RMSNorm norm_with(const at::Tensor& weight) {
  RMSNorm norm(weight.size(0));
  norm->weight = weight;
  return norm;
}

TEST(Operations, RMSNormWithAndWithoutModulation) {
  for (const int64_t width : {5, 48}) {
    expect_equal([](const Tensors& in) { return Tensors{norm_with(in[1])->forward(in[0])}; },
                 [](const Tensors& in) { return Tensors{plain_norm(in[0], in[1])}; }, normal({{3, 7, width}, {width}}),
                 1);
    // Shift and scale are parts of a wider tensor, as the modulation's are.
    expect_equal(
        [](const Tensors& in) {
          const auto parts = in[1].chunk(3, 2);
          return Tensors{norm_with(in[2])->forward(in[0], parts[0], parts[2])};
        },
        [](const Tensors& in) {
          const auto parts = in[1].chunk(3, 2);
          return Tensors{plain_norm(in[0], in[2]) * (1 + parts[2]) + parts[0]};
        },
        normal({{3, 7, width}, {3, 1, 3 * width}, {width}}), 2);
  }
}

TEST(Operations, GatedResidual) {
  expect_equal([](const Tensors& in) { return Tensors{gated_residual(in[0], in[1].chunk(2, 2)[1], in[2])}; },
               [](const Tensors& in) { return Tensors{in[0] + in[1].chunk(2, 2)[1] * in[2]}; },
               normal({{3, 5, 9}, {3, 1, 18}, {3, 5, 9}}), 3);
}

TEST(Operations, RotaryHeads) {
  const at::Tensor table = rope_table_c2i(2, 3, 8);
  const Operation plain = [&](const Tensors& in) {
    const auto turned = [&](int64_t part, const at::Tensor& weight) {
      return apply_rope(plain_norm(in[0].select(2, part), weight), table).transpose(1, 2);
    };
    return Tensors{turned(0, in[1]), turned(1, in[2]), in[0].select(2, 2).transpose(1, 2)};
  };
  const Operation fast = [&](const Tensors& in) {
    const auto heads = rotary_heads(in[0], *norm_with(in[1]), *norm_with(in[2]), table);
    return Tensors(heads.begin(), heads.end());
  };
  expect_equal(fast, plain, normal({{2, 6, 3, 3, 8}, {8}, {8}}), 1);
}

TEST(Operations, GatedProductOfSwiGLU) {
  expect_equal([](const Tensors& in) { return Tensors{gated_product(in[0], in[1])}; },
               [](const Tensors& in) { return Tensors{at::silu(in[0]) * in[1]}; }, normal({{2, 5, 21}, {2, 5, 21}}), 2);
}

TEST(Operations, GatedProductOfTheHalvesOfOneTensor) {
  expect_equal([](const Tensors& in) { return Tensors{gated_product_of_halves(in[0])}; },
               [](const Tensors& in) {
                 const auto halves = in[0].chunk(2, -1);
                 return Tensors{at::silu(halves[0]) * halves[1]};
               },
               normal({{2, 5, 42}}), 1);
}

TEST(Operations, LinearProductWithAndWithoutBias) {
  for (const int64_t in_features : {16, 21}) {  // the weight's gradient takes another way for each
    const Tensors inputs = normal({{2, 5, in_features}, {7, in_features}, {7}});
    expect_equal([](const Tensors& in) { return Tensors{linear_product(in[0], in[1], in[2])}; },
                 [](const Tensors& in) { return Tensors{at::linear(in[0], in[1], in[2])}; }, inputs, 1);
    expect_equal([](const Tensors& in) { return Tensors{linear_product(in[0], in[1], {})}; },
                 [](const Tensors& in) { return Tensors{at::linear(in[0], in[1])}; }, {inputs[0], inputs[1]}, 1);
  }
}

TEST(Operations, EndsOfTheNeuralField) {
  expect_equal([](const Tensors& in) { return Tensors{embed_pixels(in[0], in[1], in[2])}; },
               [](const Tensors& in) { return Tensors{at::linear(in[0], in[1]) + in[2]}; },
               normal({{3, 10, 3}, {20, 3}, {10, 20}}), 1);
  expect_equal([](const Tensors& in) { return Tensors{field_to_pixels(in[0], in[1], in[2], in[3])}; },
               [](const Tensors& in) { return Tensors{at::linear(plain_norm(in[0], in[1]), in[2], in[3])}; },
               normal({{3, 10, 20}, {20}, {3, 20}, {3}}), 1);
  expect_equal([](const Tensors& in) { return Tensors{field_to_pixels(in[0], std::nullopt, in[1], in[2])}; },
               [](const Tensors& in) { return Tensors{at::linear(in[0], in[1], in[2])}; },
               normal({{3, 10, 20}, {3, 20}, {3}}), 1);
}

}  // namespace
}  // namespace pixnerd::nn
