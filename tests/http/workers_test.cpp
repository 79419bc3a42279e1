#include "http/workers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <set>
#include <thread>

namespace pixnerd::http {
namespace {

TEST(WorkersTest, DoAllThatWasPostedBeforeTheyEnd) {
  std::atomic<int> done = 0;
  {
    Workers workers(3);
    std::thread other([&] {
      for (int i = 0; i < 500; ++i) workers.post([&] { ++done; });
    });
    for (int i = 0; i < 500; ++i) workers.post([&] { ++done; });
    other.join();
  }
  EXPECT_EQ(done, 1000);
}

TEST(WorkersTest, WorkAtTheSameTime) {
  std::promise<void> first, second;
  Workers workers(2);
  workers.post([&] {
    first.set_value();
    second.get_future().wait();
  });
  workers.post([&] {
    first.get_future().wait();
    second.set_value();
  });
}

TEST(WorkersTest, CountWhatWaits) {
  std::promise<void> begun, go, done;
  Workers workers(0);  // is one
  workers.post([&] {
    begun.set_value();
    go.get_future().wait();
  });
  begun.get_future().wait();
  EXPECT_EQ(workers.waiting(), 0U);
  workers.post([] {});
  workers.post([&] { done.set_value(); });
  EXPECT_EQ(workers.waiting(), 2U);
  go.set_value();
  done.get_future().wait();
  EXPECT_EQ(workers.waiting(), 0U);
}

TEST(WorkersTest, KeepNothingOfWhatIsDone) {
  const auto token = std::make_shared<int>(0);
  std::promise<void> done;
  Workers workers(1);
  workers.post([token] {});
  workers.post([&] { done.set_value(); });
  done.get_future().wait();
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace pixnerd::http
