#include "data/prefetch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

namespace pixnerd::data {
namespace {

TEST(Prefetch, GivesItemsInOrderAndErrorsInTheirPlace) {
  for (const int64_t threads : {1, 5}) {
    const int64_t ahead = 3 * threads;
    std::atomic<int64_t> made = 0;
    Prefetch<int64_t> items(100, threads, ahead, [&](int64_t index) {
      ++made;
      if (index == 60) throw std::runtime_error("sixty");
      return index * index;
    });
    for (int64_t i = 0; i < 100; ++i) {
      if (i == 60) {
        EXPECT_THROW(items.next(), std::runtime_error);
      } else {
        EXPECT_EQ(items.next(), i * i);
      }
      EXPECT_LE(made, i + 1 + ahead);
    }
  }
}

TEST(Prefetch, MayBeLeftBeforeItsEnd) {
  Prefetch<int> items(1000, 3, 6, [](int64_t) { return 1; });
  EXPECT_EQ(items.next(), 1);
}

}  // namespace
}  // namespace pixnerd::data
