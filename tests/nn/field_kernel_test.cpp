#include "nn/field_kernel.h"
#include "tests/nn/relative_error.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/silu.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace pixnerd::nn {
namespace {

at::Tensor unit_columns(const at::Tensor& w) {
  return w / at::linalg_vector_norm(w, 2, {1}, /*keepdim=*/true).clamp_min(1e-12);
}

// The equation in plain operations.
at::Tensor plain_block(const at::Tensor& u, const at::Tensor& parameters, const at::Tensor& norm_weight,
                       bool normalise_second) {
  const int64_t width = u.size(2), hidden = parameters.size(1) / (2 * width);
  const auto halves = parameters.chunk(2, 1);
  const at::Tensor v1 = unit_columns(halves[0].reshape({-1, width, hidden}));
  const at::Tensor w2 = halves[1].reshape({-1, hidden, width});
  const at::Tensor v2 = normalise_second ? unit_columns(w2) : w2;
  const at::Tensor normed = u * at::rsqrt((u * u).mean(-1, true) + 1e-6) * norm_weight;
  return u + at::bmm(at::silu(at::bmm(normed, v1)), v2);
}

struct Inputs {
  Inputs(int64_t tokens, int64_t pixels, int64_t width, int64_t ratio) {
    u = at::randn({tokens, pixels, width}, generator);
    parameters = at::randn({tokens, 2 * width * width * ratio}, generator);
    norm_weight = 1 + 0.1 * at::randn({width}, generator);
    grad = at::randn({tokens, pixels, width}, generator);
  }

  // Values and gradients of a block function.
  template <class Block>
  std::vector<at::Tensor> run(Block block, at::ScalarType type, bool normalise_second) const {
    const at::Tensor u_leaf = u.to(type).detach().requires_grad_(),
                     p_leaf = parameters.to(type).detach().requires_grad_(),
                     w_leaf = norm_weight.detach().clone().requires_grad_();
    const at::Tensor y = block(u_leaf, p_leaf, w_leaf, normalise_second);
    y.backward(grad.to(type));
    return {y.detach(), u_leaf.grad(), p_leaf.grad(), w_leaf.grad()};
  }

  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(5);
  at::Tensor u, parameters, norm_weight, grad;
};

TEST(FieldBlock, ValuesAndGradientsAreThoseOfTheEquation) {
  for (const auto& [tokens, pixels, width, ratio] :
       {std::array<int64_t, 4>{1, 1, 4, 1}, {3, 7, 5, 2}, {4, 64, 32, 2}, {5, 33, 48, 3}}) {
    const Inputs inputs(tokens, pixels, width, ratio);
    for (const bool normalise_second : {true, false}) {
      const auto expected = inputs.run(plain_block, at::kFloat, normalise_second),
                 found = inputs.run(field_block, at::kFloat, normalise_second);
      for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_LT(relative_error(found[i], expected[i]), 2e-5) << width << " " << normalise_second << " " << i;
      }
    }
  }
}

// Stated bound of bfloat16 storage: 2% of a tensor's size.
TEST(FieldBlock, Bfloat16StaysWithinItsBound) {
  const Inputs inputs(4, 64, 32, 2);
  const auto expected = inputs.run(plain_block, at::kFloat, true), found = inputs.run(field_block, at::kBFloat16, true);
  EXPECT_EQ(found[0].scalar_type(), at::kBFloat16);
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_LT(relative_error(found[i], expected[i]), 0.02) << i;
}

TEST(FieldBlock, TakesTensorsOfAnyStrides) {
  const Inputs inputs(3, 6, 8, 2);
  const at::Tensor strided = inputs.u.transpose(0, 1).contiguous().transpose(0, 1);
  EXPECT_FALSE(strided.is_contiguous());
  EXPECT_LT(relative_error(field_block(strided, inputs.parameters, inputs.norm_weight, true),
                           plain_block(inputs.u, inputs.parameters, inputs.norm_weight, true)),
            2e-5);
}

}  // namespace
}  // namespace pixnerd::nn
