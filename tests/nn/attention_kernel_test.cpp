#include "nn/attention_kernel.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "nn/kernel_call.h"

namespace pixnerd::nn {
namespace {

class AttentionByKernelTest : public testing::TestWithParam<at::ScalarType> {
 protected:
  void SetUp() override {
    if (!has_kernels(drawn(1, 1, 2))) GTEST_SKIP() << "PIXNERD_ISA leaves the kernels out";
  }
  at::Tensor drawn(int64_t heads, int64_t tokens, int64_t width) {
    return at::randn({2, heads, tokens, width}, generator_, at::kFloat).to(GetParam());
  }
  at::Generator generator_ = at::detail::createCPUGenerator(1);
};

TEST_P(AttentionByKernelTest, IsTheFrameworksInFloat32) {
  struct Sizes {
    int64_t heads, queries, keys, width;
  };
  for (const auto& [heads, queries, keys, width] :
       {Sizes{1, 1, 2, 2}, Sizes{3, 5, 6, 8}, Sizes{2, 64, 64, 32}, Sizes{3, 5, 1, 8}, Sizes{2, 70, 67, 12}}) {
    const at::Tensor q = drawn(heads, queries, width), k = drawn(heads, keys, width), v = drawn(heads, keys, width);
    ASSERT_TRUE(has_attention_kernel(q, k));
    const at::Tensor exact = at::scaled_dot_product_attention(q.to(at::kFloat), k.to(at::kFloat), v.to(at::kFloat))
                                 .transpose(1, 2)
                                 .flatten(2);
    const at::Tensor found = attention_by_kernel(q, k, v);
    ASSERT_EQ(found.sizes(), exact.sizes());
    EXPECT_EQ(found.scalar_type(), GetParam());
    const double error = (found.to(at::kFloat) - exact).norm().item<double>() / exact.norm().item<double>();
    EXPECT_LT(error, GetParam() == at::kFloat ? 1e-5 : 6e-3)
        << queries << " queries of " << keys << " keys of " << width;
  }
}

TEST_P(AttentionByKernelTest, TakesTensorsOfAnyStrides) {
  const at::Tensor q = drawn(3, 10, 8), k = drawn(3, 10, 8), v = drawn(3, 10, 8);
  const auto turned = [](const at::Tensor& x) { return x.transpose(1, 2).contiguous().transpose(1, 2); };
  EXPECT_TRUE(attention_by_kernel(turned(q), turned(k), turned(v)).equal(attention_by_kernel(q, k, v)));
}

TEST_P(AttentionByKernelTest, GradientsAreTheFrameworksInFloat32) {
  for (const auto& [heads, queries, keys, width] :
       {std::array<int64_t, 4>{3, 5, 6, 8}, {2, 70, 67, 12}, {1, 130, 140, 64}}) {
    const at::Tensor inputs[] = {drawn(heads, queries, width), drawn(heads, keys, width), drawn(heads, keys, width)};
    const at::Tensor grad_y = drawn(1, queries, heads * width).squeeze(1);
    std::vector<at::Tensor> leaves, exact;
    for (const at::Tensor& input : inputs) {
      leaves.push_back(input.detach().clone().requires_grad_());
      exact.push_back(input.to(at::kFloat).detach().clone().requires_grad_());
    }
    const at::Tensor y = attention_by_kernel(leaves[0], leaves[1], leaves[2]);
    EXPECT_TRUE(y.detach().equal(attention_by_kernel(inputs[0], inputs[1], inputs[2]))) << "with gradients and without";
    y.backward(grad_y);
    at::scaled_dot_product_attention(exact[0], exact[1], exact[2])
        .transpose(1, 2)
        .flatten(2)
        .backward(grad_y.to(at::kFloat));
    for (size_t i = 0; i < leaves.size(); ++i) {
      EXPECT_EQ(leaves[i].grad().scalar_type(), GetParam());
      const at::Tensor difference = leaves[i].grad().to(at::kFloat) - exact[i].grad();
      EXPECT_LT(difference.norm().item<double>() / exact[i].grad().norm().item<double>(),
                GetParam() == at::kFloat ? 1e-5 : 1e-2)
          << "input " << i << ", " << queries << " queries of " << keys << " keys of " << width;
    }
  }
}

TEST_P(AttentionByKernelTest, OtherCasesAreLeftToTheFramework) {
  const at::Tensor q = drawn(1, 4, 8);
  EXPECT_FALSE(has_attention_kernel(q.to(at::kDouble), q.to(at::kDouble)));
  EXPECT_FALSE(has_attention_kernel(q, q.to(at::kDouble)));
}

INSTANTIATE_TEST_SUITE_P(Types, AttentionByKernelTest, testing::Values(at::kFloat, at::kBFloat16));

}  // namespace
}  // namespace pixnerd::nn
