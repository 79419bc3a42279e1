#include "nn/packed_attention.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <gtest/gtest.h>

#include <limits>

namespace pixnerd::nn {
namespace {

class PackedAttentionTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_packed_attention(drawn(2, 2, 2), drawn(2, 2, 2))) GTEST_SKIP() << "no matrix units here";
  }
  at::Tensor drawn(int64_t heads, int64_t tokens, int64_t width) {
    return at::randn({2, heads, tokens, width}, generator_, at::kFloat).to(at::kBFloat16);
  }
  at::Generator generator_ = at::detail::createCPUGenerator(1);
};

TEST_F(PackedAttentionTest, IsTheFrameworksInFloat32) {
  struct Sizes {
    int64_t heads, queries, keys, width;
  };
  for (const auto& [heads, queries, keys, width] :
       {Sizes{1, 1, 2, 2}, Sizes{3, 5, 6, 8}, Sizes{2, 64, 64, 32}, Sizes{3, 5, 1, 8}, Sizes{2, 70, 67, 12},
        Sizes{3, 100, 130, 72}, Sizes{16, 257, 256, 64}}) {
    const at::Tensor q = drawn(heads, queries, width), k = drawn(heads, keys, width), v = drawn(heads, keys, width);
    const at::Tensor exact = at::scaled_dot_product_attention(q.to(at::kFloat), k.to(at::kFloat), v.to(at::kFloat))
                                 .transpose(1, 2)
                                 .flatten(2);
    const at::Tensor found = packed_attention(q, k, v);
    ASSERT_EQ(found.sizes(), exact.sizes());
    EXPECT_EQ(found.scalar_type(), at::kBFloat16);
    const double error = (found.to(at::kFloat) - exact).norm().item<double>() / exact.norm().item<double>();
    EXPECT_LT(error, 0.006) << queries << " queries of " << keys << " keys of " << width;
  }
}

TEST_F(PackedAttentionTest, AQueryThatIsNotFiniteGivesNothingFinite) {
  for (const int64_t keys : {5, 6}) {
    at::Tensor q = drawn(1, 70, 16);
    const at::Tensor k = drawn(1, keys, 16), v = drawn(1, keys, 16);
    q[0][0][66][3] = std::numeric_limits<float>::quiet_NaN();
    const at::Tensor y = packed_attention(q, k, v);
    EXPECT_FALSE(y[0][66].isfinite().any().item<bool>());
    EXPECT_EQ(y.isfinite().logical_not().sum().item<int64_t>(), 16);
  }
}

TEST_F(PackedAttentionTest, OtherCasesAreLeftToTheFramework) {
  const at::Tensor q = drawn(1, 4, 8);
  EXPECT_FALSE(has_packed_attention(q, drawn(1, 8194, 8)));
  EXPECT_FALSE(has_packed_attention(q.to(at::kFloat), q.to(at::kFloat)));
  EXPECT_FALSE(has_packed_attention(q.detach().requires_grad_(), q));
}

}  // namespace
}  // namespace pixnerd::nn
