#include "dist/watch.h"

#include <gtest/gtest.h>
#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include <memory>

namespace pixnerd::dist {
namespace {

using std::chrono::milliseconds;

class Watched : public testing::Test {
 protected:
  std::unique_ptr<Watch> watch(int64_t rank) {
    WatchTimes times;
    times.beat = milliseconds(20);
    times.silence = milliseconds(1000);  // longer than a busy machine keeps a thread waiting
    times.grace = milliseconds(100);
    const auto end_now = [this](const std::string& verdict) { ended_ = verdict; };
    return std::make_unique<Watch>(store_, rank, 3, "rank " + std::to_string(rank), end_now, times);
  }

  c10::intrusive_ptr<c10d::Store> store_ = c10::make_intrusive<c10d::HashStore>();
  std::string ended_;
};

// Its thread stops without the word that leave() gives: what a killed process looks like.
void kill(std::unique_ptr<Watch>& watch, const c10::intrusive_ptr<c10d::Store>& store, int64_t rank) {
  watch.reset();
  store->deleteKey("left/" + std::to_string(rank));
}

TEST_F(Watched, WhoFallsSilentIsNamedToAll) {
  auto first = watch(0), second = watch(1), third = watch(2);
  EXPECT_FALSE(second->lost());
  kill(third, store_, 2);
  const auto verdict = second->wait_until_lost();
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->substr(0, 7), "rank 2:");
  EXPECT_EQ(first->wait_until_lost(), verdict);
}

TEST_F(Watched, TheFirstIsWatchedByTheOthers) {
  auto first = watch(0), second = watch(1), third = watch(2);
  kill(first, store_, 0);
  const auto verdict = third->wait_until_lost();
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->substr(0, 7), "rank 0:");
}

TEST_F(Watched, WhoLeavesIsNotMissed) {
  auto first = watch(0), second = watch(1), third = watch(2);
  third->leave();
  std::this_thread::sleep_for(milliseconds(2000));
  EXPECT_FALSE(first->lost());
  EXPECT_FALSE(second->lost());
}

// Machines do not start at once.
TEST_F(Watched, WhoHasNotComeYetIsNotMissed) {
  auto first = watch(0), second = watch(1);
  std::this_thread::sleep_for(milliseconds(2000));
  EXPECT_FALSE(first->lost());
}

TEST_F(Watched, TheFirstReasonStands) {
  auto first = watch(0), second = watch(1), third = watch(2);
  second->fail("the reason");
  third->fail("what came of it");
  EXPECT_EQ(first->wait_until_lost(), "rank 1: the reason");
  EXPECT_EQ(third->wait_until_lost(), "rank 1: the reason");
}

TEST_F(Watched, WhoDoesNotEndByItselfIsEnded) {
  auto first = watch(0), second = watch(1), third = watch(2);
  second->fail("the reason");
  std::this_thread::sleep_for(milliseconds(2000));
  first.reset();  // its thread has ended
  EXPECT_EQ(ended_, "rank 1: the reason");
}

}  // namespace
}  // namespace pixnerd::dist
