#include "nn/share.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <atomic>

namespace pixnerd::nn {
namespace {

class ShareTest : public testing::Test {
 protected:
  void SetUp() override { at::set_num_threads(3); }
  void TearDown() override { at::set_num_threads(before_); }
  int before_ = at::get_num_threads();
};

constexpr int64_t kMuch = 10'000'000;

int64_t shared(int64_t count) {
  std::atomic<int64_t> sum = 0;
  share(count, kMuch, [&](int64_t begin, int64_t end) { sum += end - begin; });
  return sum;
}

TEST_F(ShareTest, AScopeLeavesTheFrameworkOneThreadAndGivesThemBack) {
  EXPECT_EQ(sharing_threads(), 3);
  EXPECT_EQ(shared(100), 100);
  {
    const TeamScope team(true);
    EXPECT_EQ(at::get_num_threads(), 1);
    EXPECT_EQ(sharing_threads(), 3);
    EXPECT_EQ(shared(100), 100);
    {
      const TeamScope inner(true);
      EXPECT_EQ(sharing_threads(), 3);
    }
    EXPECT_EQ(sharing_threads(), 3);
    EXPECT_EQ(at::get_num_threads(), 1);
  }
  EXPECT_EQ(at::get_num_threads(), 3);
  EXPECT_EQ(shared(100), 100);
}

TEST_F(ShareTest, LittleWorkIsDoneAtOnce) {
  for (const bool by_team : {false, true}) {
    const TeamScope team(by_team);
    std::atomic<int> parts = 0;
    share(1000, 100, [&](int64_t begin, int64_t end) { parts += begin == 0 && end == 1000 ? 1 : 100; });
    EXPECT_EQ(parts, 1);
    parts = 0;
    share(1000, kMuch, [&](int64_t, int64_t) { ++parts; });
    EXPECT_GT(parts, 1);
  }
}

TEST_F(ShareTest, AScopeThatIsNotWantedChangesNothing) {
  const TeamScope team(false);
  EXPECT_EQ(at::get_num_threads(), 3);
}

}  // namespace
}  // namespace pixnerd::nn
