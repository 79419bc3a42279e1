#include "nn/positions.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

namespace pixnerd::nn {
namespace {

TEST(Rope, IsARotationOfEveryPair) {
  const at::Tensor table = rope_table_c2i(3, 5, 12);
  EXPECT_EQ(table.sizes(), (at::IntArrayRef{15, 6, 2}));
  EXPECT_TRUE(at::allclose(table.square().sum(-1), at::ones({15, 6})));
}

TEST(Rope, GridsShareTheirCornersSoThatSizesSampleOneSquare) {
  const at::Tensor small = rope_table_c2i(2, 2, 8);
  const at::Tensor large = rope_table_c2i(5, 7, 8);
  EXPECT_TRUE(at::equal(small[0], large[0]));
  EXPECT_TRUE(at::allclose(small[3], large[34]));
}

TEST(Rope, OfTheTextNetworkIsCrossed) {
  EXPECT_TRUE(at::equal(rope_table_t2i(3, 5, 8), rope_table(3, 5, 8, 3.0, 5.0)));
}

TEST(CoordinateCode, StartsWithAConstantAndHasOneRowAPixel) {
  const at::Tensor code = cosine_product_code(4, 4);
  EXPECT_EQ(code.sizes(), (at::IntArrayRef{16, kCoordinateWidth}));
  EXPECT_TRUE(at::allclose(code.select(1, 0), at::ones({16})));
}

TEST(GridTables, BuildsOncePerGrid) {
  int builds = 0;
  GridTables tables([&](int64_t h, int64_t w) {
    ++builds;
    return rope_table_c2i(h, w, 4);
  });
  const at::Tensor first = tables.get(2, 3, at::kCPU);
  EXPECT_TRUE(tables.get(2, 3, at::kCPU).is_same(first));
  tables.get(3, 2, at::kCPU);
  EXPECT_EQ(builds, 2);
}

}  // namespace
}  // namespace pixnerd::nn
