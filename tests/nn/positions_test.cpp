#include "nn/positions.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <iterator>
#include <vector>

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

TEST(GridTables, ForgetsWhatWasAskedForLongestAgo) {
  std::vector<int64_t> built;
  GridTables tables([&](int64_t h, int64_t) {
    built.push_back(h);
    return at::ones({h});
  });
  constexpr auto kMost = static_cast<int64_t>(GridTables::kMostTables);
  for (int64_t i = 1; i <= kMost; ++i) tables.get(i, 1, at::kCPU);
  tables.get(1, 1, at::kCPU);          // the oldest, which is the newest now
  tables.get(kMost + 1, 1, at::kCPU);  // drives out 2
  tables.get(1, 1, at::kCPU);
  EXPECT_EQ(std::ssize(built), kMost + 1);
  tables.get(2, 1, at::kCPU);
  EXPECT_EQ(built.back(), 2);
}

TEST(GridTables, ForgetsWhatTakesTooMuchButNotTheNewest) {
  int builds = 0;
  GridTables tables([&](int64_t h, int64_t) {
    ++builds;
    return at::empty({h * static_cast<int64_t>(GridTables::kMostBytes) / 8});  // twice h shares of four
  });
  tables.get(1, 1, at::kCPU);
  tables.get(1, 2, at::kCPU);
  tables.get(1, 1, at::kCPU);
  EXPECT_EQ(builds, 2);
  tables.get(3, 1, at::kCPU);  // more than all by itself
  tables.get(3, 1, at::kCPU);
  EXPECT_EQ(builds, 3);
  tables.get(1, 1, at::kCPU);
  EXPECT_EQ(builds, 4);
}

}  // namespace
}  // namespace pixnerd::nn
