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

int64_t shared(int64_t count) {
  std::atomic<int64_t> sum = 0;
  share(count, 1, [&](int64_t begin, int64_t end) { sum += end - begin; });
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

TEST_F(ShareTest, AScopeThatIsNotWantedChangesNothing) {
  const TeamScope team(false);
  EXPECT_EQ(at::get_num_threads(), 3);
}

}  // namespace
}  // namespace pixnerd::nn
