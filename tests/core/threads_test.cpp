#include "core/threads.h"

#include <gtest/gtest.h>
#include <sched.h>

namespace pixnerd {
namespace {

TEST(ThreadsTest, FollowsTheAffinityMask) {
  cpu_set_t before, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_GE(hardware_threads(), 1);
  EXPECT_LE(hardware_threads(), CPU_COUNT(&before));

  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(hardware_threads(), 1);
  sched_setaffinity(0, sizeof before, &before);
}

TEST(ThreadsTest, ReadsTheQuotaOfAControlGroup) {
  EXPECT_EQ(processors_of_quota("200000 100000\n"), 2);
  EXPECT_EQ(processors_of_quota("250000 100000"), 3);
  EXPECT_EQ(processors_of_quota("1000 100000"), 1);
  EXPECT_EQ(processors_of_quota("max 100000"), 0);
  EXPECT_EQ(processors_of_quota(""), 0);
  EXPECT_EQ(processors_of_quota("100000 0"), 0);
  EXPECT_EQ(processors_of_quota("-1 100000"), 0);
}

}  // namespace
}  // namespace pixnerd
