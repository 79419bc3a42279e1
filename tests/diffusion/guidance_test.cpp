#include "diffusion/guidance.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <string>

#include "core/text.h"

namespace pixnerd::diffusion {
namespace {

// v = s, s = condition + t of its encoding; writes down every call and its batch.
class Diary : public Denoiser {
 public:
  at::Tensor encode(const at::Tensor&, const at::Tensor& t, const at::Tensor& condition) override {
    calls += concat("E", condition.size(0));
    return condition + t;
  }
  at::Tensor decode(const at::Tensor& x, const at::Tensor&, const at::Tensor& s, const at::Tensor&) override {
    calls += concat("D", s.size(0));
    return x * 0 + s.view({-1, 1, 1, 1});
  }
  std::string calls;
};

const at::Tensor& picture() {
  static const at::Tensor x = at::ones({1, 1, 2, 2});
  return x;
}

GuidedVelocity velocity_of(Diary& diary, Guidance guidance, EncodeSchedule schedule = EncodeSchedule::every(1)) {
  return {diary, at::full({1}, 10.0), at::full({1}, 2.0), guidance, std::move(schedule)};
}

float value(const at::Tensor& v) {
  return v.mean().item<float>();
}

TEST(Guidance, HoldsStrictlyInsideTheIntervalInFloat32) {
  const Guidance guidance{3.0, std::array{0.1, 0.9}};
  EXPECT_FALSE(guidance.active(0.1F));
  EXPECT_FALSE(guidance.active(0.099999994F));
  EXPECT_TRUE(guidance.active(0.2F));
  EXPECT_FALSE(guidance.active(0.9F));
  EXPECT_TRUE((Guidance{3.0, std::nullopt}).active(0.0F));
  EXPECT_FALSE((Guidance{3.0, std::array{0.0, 1.0}}).active(0.0F));
}

TEST(GuidedVelocity, CombinesBothHalvesInOneBatch) {
  Diary diary;
  auto velocity = velocity_of(diary, {3.0, std::nullopt});
  EXPECT_FLOAT_EQ(value(velocity(picture(), 0.5F)), 2.5F + 3.0F * 8.0F);
  EXPECT_EQ(diary.calls, "E2D2");
}

TEST(GuidedVelocity, LeavesTheUnconditionalHalfOutOutsideTheInterval) {
  Diary diary;
  auto velocity = velocity_of(diary, {3.0, std::array{0.4, 1.0}});
  EXPECT_FLOAT_EQ(value(velocity(picture(), 0.25F)), 10.25F);
  EXPECT_EQ(diary.calls, "E1D1");
}

TEST(GuidedVelocity, ReusesTheConditioningBetweenScheduledSteps) {
  Diary diary;
  auto velocity = velocity_of(diary, {1.0, std::nullopt}, EncodeSchedule::every(3));
  for (int step = 0; step < 6; ++step) {
    velocity.begin_step(step);
    const float encoded_at = step < 3 ? 0.0F : 0.3F;
    EXPECT_FLOAT_EQ(value(velocity(picture(), 0.1F * static_cast<float>(step))), 10.0F + encoded_at);
  }
  EXPECT_EQ(diary.calls, "E1D1D1D1E1D1D1D1");
}

TEST(GuidedVelocity, BothEvaluationsOfAScheduledStepEncode) {
  Diary diary;
  auto velocity = velocity_of(diary, {1.0, std::nullopt}, EncodeSchedule::every(2));
  velocity.begin_step(0);
  velocity(picture(), 0.0F);
  velocity(picture(), 0.1F);
  velocity.begin_step(1);
  velocity(picture(), 0.1F);
  velocity(picture(), 0.2F);
  EXPECT_EQ(diary.calls, "E1D1E1D1D1D1");
}

TEST(GuidedVelocity, AHalfWithoutConditioningComputesItOffSchedule) {
  Diary diary;
  auto velocity = velocity_of(diary, {2.0, std::array{0.4, 1.0}}, EncodeSchedule::every(4));
  velocity.begin_step(0);
  velocity(picture(), 0.25F);  // conditional only
  velocity.begin_step(1);
  EXPECT_FLOAT_EQ(value(velocity(picture(), 0.5F)), 2.5F + 2.0F * (10.25F - 2.5F));
  EXPECT_EQ(diary.calls, "E1D1E1D2");
}

TEST(EncodeSchedule, OfAListOfSteps) {
  const auto schedule = EncodeSchedule::at({0, 5});
  EXPECT_TRUE(schedule.contains(5));
  EXPECT_FALSE(schedule.contains(1));
}

}  // namespace
}  // namespace pixnerd::diffusion
