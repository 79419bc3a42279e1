#include "data/order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "core/random.h"

namespace pixnerd::data {
namespace {

std::vector<int64_t> entries(EpochOrder& order, int64_t first, int64_t count) {
  std::vector<int64_t> result;
  for (int64_t i = 0; i < count; ++i) result.push_back(order.at(first + i));
  return result;
}

TEST(EpochOrder, EachEpochIsItsOwnPermutation) {
  EpochOrder order(50, 7);
  for (const int64_t epoch : {0, 1, 2, 1000000}) {
    EXPECT_EQ(entries(order, epoch * 50, 50), random_permutation(50, 7, static_cast<uint64_t>(epoch)));
  }
  EXPECT_NE(entries(order, 0, 50), entries(order, 50, 50));
}

TEST(EpochOrder, DependsOnTheSeedAndNotOnWhatWasAskedBefore) {
  EpochOrder order(20, 7);
  EpochOrder same(20, 7);
  EpochOrder other(20, 8);
  const std::vector<int64_t> later = entries(order, 95, 30);
  entries(same, 0, 200);
  EXPECT_EQ(entries(same, 95, 30), later);
  EXPECT_NE(entries(other, 95, 30), later);
}

TEST(EpochOrder, SkippingGoesRoundTheEpoch) {
  EpochOrder order(5, 3);
  const std::vector<int64_t> epoch = entries(order, 10, 5);
  for (int64_t position = 10; position < 15; ++position) {
    for (int64_t skipped = 0; skipped < 5; ++skipped) {
      EXPECT_EQ(order.at(position, skipped), epoch[static_cast<size_t>((position - 10 + skipped) % 5)]);
    }
  }
}

TEST(EpochOrder, OnePictureStandsEverywhere) {
  EpochOrder order(1, 3);
  EXPECT_EQ(entries(order, 0, 4), (std::vector<int64_t>{0, 0, 0, 0}));
  EXPECT_THROW(EpochOrder(0, 3), std::invalid_argument);
}

TEST(EpochOrder, ThreadsInDifferentEpochsDoNotDisturbEachOther) {
  EpochOrder order(100, 7);
  std::array<std::vector<int64_t>, 4> found;
  std::vector<std::jthread> threads;
  for (size_t i = 0; i < found.size(); ++i) {
    threads.emplace_back([&, i] { found.at(i) = entries(order, static_cast<int64_t>(i) * 100, 100); });
  }
  threads.clear();
  for (size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found.at(i), random_permutation(100, 7, i));
}

}  // namespace
}  // namespace pixnerd::data
