#include "core/timing.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace pixnerd {
namespace {

TEST(Timing, MinAndMedianOfOddAndEvenCounts) {
  EXPECT_EQ(Timing{{3.0}}.median(), 3.0);
  EXPECT_EQ((Timing{{5.0, 1.0, 3.0}}.median()), 3.0);
  EXPECT_EQ((Timing{{4.0, 1.0, 2.0, 9.0}}.median()), 3.0);
  EXPECT_EQ((Timing{{4.0, 1.0, 2.0, 9.0}}.min()), 1.0);
}

TEST(TimeInterleaved, RunsCandidatesInTurnAfterTheWarmUp) {
  std::string order;
  const std::array<std::function<void()>, 2> candidates{[&] { order += 'a'; }, [&] { order += 'b'; }};
  const auto timings = time_interleaved(candidates, 2, 1);
  EXPECT_EQ(order, "ababab");
  ASSERT_EQ(timings.size(), 2U);
  EXPECT_EQ(timings[0].seconds.size(), 2U);
  EXPECT_GE(timings[1].min(), 0.0);
}

}  // namespace
}  // namespace pixnerd
