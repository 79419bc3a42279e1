#include "diffusion/guidance.h"

#include <gtest/gtest.h>

namespace pixnerd::diffusion {
namespace {

TEST(Guidance, HoldsStrictlyInsideTheIntervalInFloat32) {
  const Guidance guidance{3.0, std::array{0.1, 0.9}};
  EXPECT_FALSE(guidance.active(0.1F));
  EXPECT_FALSE(guidance.active(0.099999994F));
  EXPECT_TRUE(guidance.active(0.2F));
  EXPECT_FALSE(guidance.active(0.9F));
  EXPECT_TRUE((Guidance{3.0, std::nullopt}).active(0.0F));
  EXPECT_FALSE((Guidance{3.0, std::array{0.0, 1.0}}).active(0.0F));
}

TEST(EncodeSchedule, OfAListOfSteps) {
  const auto schedule = EncodeSchedule::at({0, 5});
  EXPECT_TRUE(schedule.contains(5));
  EXPECT_FALSE(schedule.contains(1));
}

}  // namespace
}  // namespace pixnerd::diffusion
