#include "dist/layout.h"

#include <gtest/gtest.h>

#include <numeric>
#include <stdexcept>

namespace pixnerd::dist {
namespace {

const std::vector<int64_t> kSizes{7, 1, 300, 64, 5, 2, 129};

TEST(Layout, EveryValueBelongsToOneRank) {
  for (const int64_t ranks : {1, 2, 3, 4, 7, 600}) {
    const Layout layout(kSizes, ranks, 100);
    std::vector<std::vector<int>> owners;
    for (const int64_t size : kSizes) owners.emplace_back(size, 0);
    for (int64_t rank = 0; rank < ranks; ++rank) {
      for (const Slice& slice : layout.slices(rank)) {
        for (int64_t i = slice.begin; i < slice.end; ++i) ++owners.at(slice.tensor).at(i);
      }
    }
    for (const auto& tensor : owners) {
      for (const int count : tensor) EXPECT_EQ(count, 1) << ranks << " ranks";
    }
  }
}

TEST(Layout, SlicesStandAsTheBucketHasThem) {
  const Layout layout(kSizes, 3, 100);
  for (size_t bucket = 0; bucket < layout.buckets().size(); ++bucket) {
    for (int64_t rank = 0; rank < 3; ++rank) {
      int64_t values = 0;
      for (const Slice& slice : layout.slices(bucket, rank)) values += slice.size();
      EXPECT_EQ(values, layout.part(bucket, rank).size());
    }
  }
}

TEST(Layout, BucketsDoNotDependOnTheNumberOfRanks) {
  const Layout one(kSizes, 1, 100), four(kSizes, 4, 100);
  ASSERT_EQ(one.buckets().size(), four.buckets().size());
  EXPECT_GT(one.buckets().size(), 2U);
  for (size_t i = 0; i < one.buckets().size(); ++i) EXPECT_EQ(one.buckets()[i].tensors, four.buckets()[i].tensors);
  EXPECT_EQ(one.buckets().front().tensors.front(), kSizes.size() - 1);  // what a backward pass ends with first
}

TEST(Layout, IsOfAtLeastOneRank) {
  EXPECT_THROW(Layout(kSizes, 0, 100), std::invalid_argument);
}

}  // namespace
}  // namespace pixnerd::dist
