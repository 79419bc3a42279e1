#include "core/team.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace pixnerd {
namespace {

TEST(TeamTest, EveryItemIsVisitedOnce) {
  for (const int threads : {1, 2, 3, 8}) {
    for (const int64_t count : {0, 1, 2, 7, 100, 1001}) {
      for (const int64_t grain : {1, 3, 64, 5000}) {
        std::vector<std::atomic<int>> visits(static_cast<size_t>(count));
        in_parts(count, grain, threads, [&](int64_t begin, int64_t end) {
          EXPECT_LT(begin, end);
          EXPECT_TRUE(end == count || end - begin >= grain);
          for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
        });
        for (const std::atomic<int>& each : visits) EXPECT_EQ(each, 1);
      }
    }
  }
}

TEST(TeamTest, ThousandsOfSmallWorksFollowEachOther) {
  std::atomic<int64_t> sum = 0;
  for (int work = 0; work < 5000; ++work) {
    in_parts(16, 1, 4, [&](int64_t begin, int64_t end) { sum += end - begin; });
    ASSERT_EQ(sum, 16 * (work + 1));
  }
}

TEST(TeamTest, SeveralThreadsAreUsed) {
  std::mutex mutex;
  std::set<std::thread::id> ids;
  std::atomic<int> there = 0;
  in_parts(3, 1, 3, [&](int64_t, int64_t) {
    ++there;
    while (there < 3) std::this_thread::yield();
    const std::lock_guard lock(mutex);
    ids.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(ids.size(), 3);
}

TEST(TeamTest, WorkInsideAPartAndBesideAnothersIsDoneAllTheSame) {
  std::atomic<int64_t> sum = 0;
  const auto work = [&] {
    for (int i = 0; i < 200; ++i) {
      in_parts(8, 1, 2, [&](int64_t begin, int64_t end) {
        in_parts(end - begin, 1, 2, [&](int64_t first, int64_t last) { sum += last - first; });
      });
    }
  };
  std::thread other(work);
  work();
  other.join();
  EXPECT_EQ(sum, 2 * 200 * 8);
}

// The first works may still be divided in halves.
TEST(TeamTest, WhatASlowThreadDoesNotGetToOthersTake) {
  const std::thread::id caller = std::this_thread::get_id();
  int64_t most = 0;
  for (int work = 0; work < 20 && most < 6; ++work) {
    int64_t of_caller = 0;
    in_parts(8, 1, 2, [&](int64_t begin, int64_t end) {
      if (std::this_thread::get_id() == caller) {
        of_caller += end - begin;
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    });
    most = std::max(most, of_caller);
  }
  EXPECT_GE(most, 6);
}

TEST(TeamTest, ExceptionsReachTheCaller) {
  for (int round = 0; round < 50; ++round) {
    EXPECT_THROW(in_parts(100, 1, 3,
                          [](int64_t begin, int64_t) {
                            if (begin >= 40) throw std::runtime_error("40");
                          }),
                 std::runtime_error);
    int64_t visited = 0;
    in_parts(10, 1, 1, [&](int64_t begin, int64_t end) { visited += end - begin; });
    EXPECT_EQ(visited, 10);
  }
}

}  // namespace
}  // namespace pixnerd
