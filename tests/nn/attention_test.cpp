#include "nn/attention.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/view_as_complex.h>
#include <ATen/ops/view_as_real.h>
#include <gtest/gtest.h>

#include "nn/positions.h"
#include "nn/rotary.h"

namespace pixnerd::nn {
namespace {

TEST(ApplyRope, IsComplexMultiplication) {
  const at::Tensor x = at::randn({2, 15, 3, 8});
  const at::Tensor table = rope_table_c2i(3, 5, 8);
  const at::Tensor expected =
      at::view_as_real(at::view_as_complex(x.unflatten(3, {4, 2})) * at::view_as_complex(table).unsqueeze(1))
          .flatten(3);
  EXPECT_TRUE(at::allclose(apply_rope(x, table), expected, 1e-5, 1e-6));
}

TEST(ApplyRope, KeepsTheTypeOfItsInput) {
  EXPECT_EQ(apply_rope(at::randn({1, 1, 1, 4}).to(at::kBFloat16), rope_table_c2i(1, 1, 4)).scalar_type(),
            at::kBFloat16);
}

TEST(Attention, SeesPositionsOnlyThroughRope) {
  Attention attention(16, 2);
  at::Generator generator = at::detail::createCPUGenerator(3);
  attention->initialise(generator);
  const at::NoGradGuard no_grad;
  const at::Tensor x = at::randn({1, 6, 16});
  const at::Tensor still = rope_table(1, 6, 8, 0.0, 0.0);
  const at::Tensor order = at::arange(5, -1, -1, at::kLong);
  const at::Tensor y = attention->forward(x, still);
  EXPECT_TRUE(at::allclose(attention->forward(x.index_select(1, order), still), y.index_select(1, order), 1e-4, 1e-5));
  const at::Tensor turned = rope_table_c2i(1, 6, 8);
  EXPECT_FALSE(at::allclose(attention->forward(x.index_select(1, order), turned),
                            attention->forward(x, turned).index_select(1, order), 1e-4, 1e-5));
}

}  // namespace
}  // namespace pixnerd::nn
