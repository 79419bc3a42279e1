#include "nn/operator.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/full.h>
#include <ATen/ops/sin.h>
#include <gtest/gtest.h>

#include "nn/onednn.h"

namespace pixnerd::nn {
namespace {

using Unary = at::Tensor(const at::Tensor&);

TEST(FindOperator, EachNameHasAHandleOfItsOwn) {
  const auto sine = find_operator<Unary>("aten::sin(Tensor self) -> Tensor");
  const auto cosine = find_operator<Unary>("aten::cos(Tensor self) -> Tensor");
  ASSERT_TRUE(sine && cosine);
  const at::Tensor x = at::full({3}, 0.7);
  EXPECT_TRUE(sine->call(x).equal(at::sin(x)));
  EXPECT_TRUE(cosine->call(x).equal(at::cos(x)));
}

TEST(FindOperator, OfAnotherShapeIsNotThere) {
  EXPECT_FALSE(find_operator<Unary>("aten::no_such_operator(Tensor self) -> Tensor"));
  EXPECT_FALSE(find_operator<Unary>("aten::sin(Tensor self, int n) -> Tensor"));
  EXPECT_FALSE(find_operator<Unary>("aten::sin(Tensor other) -> Tensor"));
  EXPECT_FALSE(find_operator<at::Tensor(const at::Tensor&, int64_t)>("aten::sin(Tensor self) -> Tensor"));
}

// The LibTorch that this is built with has the operators as they are written down here.
TEST(Onednn, IsFoundWhereLibTorchHasIt) {
  EXPECT_EQ(has_onednn(at::kFloat), at::hasMKLDNN());
}

}  // namespace
}  // namespace pixnerd::nn
