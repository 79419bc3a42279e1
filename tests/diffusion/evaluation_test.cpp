#include "diffusion/evaluation.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/text.h"

namespace pixnerd::diffusion {
namespace {

// v = s, s = condition + t of its encoding; writes down every call and its batch. Keeps weights if it is asked to: one
// row for each row of s, from which alone v is then made.
class Diary : public Denoiser {
 public:
  at::Tensor encode(const at::Tensor&, const at::Tensor& t, const at::Tensor& condition) override {
    calls += concat("E", condition.size(0));
    return condition + t;
  }
  at::Tensor decode(const at::Tensor& x, const at::Tensor&, const at::Tensor& s, const at::Tensor& weights) override {
    calls += concat(weights.defined() ? "W" : "D", s.size(0));
    return x * 0 + (weights.defined() ? weights[0] : s).view({-1, 1, 1, 1});
  }
  at::Tensor field_weights(const at::Tensor& s) override { return keeps_weights ? s.unsqueeze(0) : at::Tensor(); }

  std::string calls;
  bool keeps_weights = false;
};

Conditioning conditioning(double given, Guidance guidance = {}, EncodeSchedule schedule = EncodeSchedule::every(1)) {
  return {at::full({1}, given), at::full({1}, 2.0), guidance, std::move(schedule)};
}

Ask ask(Conditioning& each, float t, int64_t step = 0) {
  return {{at::ones({1, 1, 2, 2}), t, step}, &each};
}

std::vector<float> values(Denoiser& denoiser, const std::vector<Ask>& asks) {
  std::vector<float> means;
  for (const at::Tensor& v : evaluate(denoiser, asks)) means.push_back(v.mean().item<float>());
  return means;
}

TEST(Evaluation, CombinesBothHalvesInOneBatch) {
  Diary diary;
  Conditioning one = conditioning(10, {3.0, std::nullopt});
  EXPECT_FLOAT_EQ(values(diary, {ask(one, 0.5F)})[0], 2.5F + 3.0F * 8.0F);
  EXPECT_EQ(diary.calls, "E2D2");
}

TEST(Evaluation, LeavesTheUnconditionalHalfOutOutsideTheInterval) {
  Diary diary;
  Conditioning one = conditioning(10, {3.0, std::array{0.4, 1.0}});
  EXPECT_FLOAT_EQ(values(diary, {ask(one, 0.25F)})[0], 10.25F);
  EXPECT_EQ(diary.calls, "E1D1");
}

TEST(Evaluation, OneBatchServesTrajectoriesThatHaveNothingInCommon) {
  Diary diary;
  Conditioning guided = conditioning(10, {3.0, std::nullopt}), plain = conditioning(20),
               outside = conditioning(30, {5.0, std::array{0.4, 1.0}});
  const std::vector<float> v = values(diary, {ask(guided, 0.5F), ask(plain, 0.75F, 7), ask(outside, 0.25F, 2)});
  EXPECT_EQ(v, (std::vector<float>{26.5F, 20.75F, 30.25F}));
  EXPECT_EQ(diary.calls, "E4D4");
}

TEST(Evaluation, ABatchOfOneTrajectoryIsAsGoodAsSeveral) {
  Diary diary;
  Conditioning one(at::arange(3.0), at::full({3}, 2.0), {2.0, std::nullopt}), other = conditioning(10);
  const Ask three{{at::ones({3, 1, 2, 2}), 0.5F, 0}, &one};
  const std::vector<at::Tensor> v = evaluate(diary, std::vector<Ask>{three, ask(other, 0.0F)});
  EXPECT_EQ(v[0].size(0), 3);
  EXPECT_FLOAT_EQ(v[0][2].mean().item<float>(), 2.5F);
  EXPECT_FLOAT_EQ(v[0][0].mean().item<float>(), 2.5F + 2 * (0.5F - 2.5F));
  EXPECT_FLOAT_EQ(v[1].mean().item<float>(), 10.0F);
  EXPECT_EQ(diary.calls, "E7D7");
}

TEST(Evaluation, ReusesTheConditioningBetweenScheduledSteps) {
  Diary diary;
  Conditioning one = conditioning(10, {}, EncodeSchedule::every(3));
  for (int64_t step = 0; step < 6; ++step) {
    const float encoded_at = step < 3 ? 0.0F : 0.3F;
    EXPECT_FLOAT_EQ(values(diary, {ask(one, 0.1F * static_cast<float>(step), step)})[0], 10.0F + encoded_at);
  }
  EXPECT_EQ(diary.calls, "E1D1D1D1E1D1D1D1");
}

TEST(Evaluation, BothEvaluationsOfAScheduledStepEncode) {
  Diary diary;
  Conditioning one = conditioning(10, {}, EncodeSchedule::every(2));
  values(diary, {ask(one, 0.0F, 0)});
  values(diary, {ask(one, 0.1F, 0)});
  values(diary, {ask(one, 0.1F, 1)});
  values(diary, {ask(one, 0.2F, 1)});
  EXPECT_EQ(diary.calls, "E1D1E1D1D1D1");
}

TEST(Evaluation, AHalfWithoutConditioningComputesItOffSchedule) {
  Diary diary;
  Conditioning one = conditioning(10, {2.0, std::array{0.4, 1.0}}, EncodeSchedule::every(4));
  values(diary, {ask(one, 0.25F, 0)});  // conditional only
  EXPECT_FLOAT_EQ(values(diary, {ask(one, 0.5F, 1)})[0], 2.5F + 2.0F * (10.25F - 2.5F));
  EXPECT_EQ(diary.calls, "E1D1E1D2");
}

// Some are on a scheduled step and some are not: those that are encoded go together, and all are decoded together.
TEST(Evaluation, SchedulesDoNotDisturbEachOther) {
  Diary diary;
  Conditioning often = conditioning(10), seldom = conditioning(20, {}, EncodeSchedule::every(2));
  EXPECT_EQ(values(diary, {ask(often, 0.0F, 0), ask(seldom, 0.0F, 0)}), (std::vector<float>{10, 20}));
  EXPECT_EQ(values(diary, {ask(often, 0.5F, 1), ask(seldom, 0.5F, 1)}), (std::vector<float>{10.5F, 20}));
  EXPECT_EQ(diary.calls, "E2D2E1D2");
}

// Weights that were made together are used together, in one call without a copy, and one by one all the same.
TEST(Evaluation, KeptWeightsServeTogetherAndAlone) {
  Diary diary;
  diary.keeps_weights = true;
  Conditioning first = conditioning(10, {3.0, std::nullopt}, EncodeSchedule::every(3)),
               second = conditioning(20, {3.0, std::nullopt}, EncodeSchedule::every(3)), plain = conditioning(30);
  values(diary, {ask(first, 0.0F, 0), ask(second, 0.0F, 0)});
  EXPECT_EQ(diary.calls, "E4W4");
  EXPECT_EQ(values(diary, {ask(first, 0.5F, 1), ask(second, 0.5F, 1)}), (std::vector<float>{26, 56}));
  EXPECT_EQ(diary.calls, "E4W4W4");
  EXPECT_EQ(values(diary, {ask(second, 0.75F, 2), ask(plain, 0.5F, 9)}), (std::vector<float>{56, 30.5F}));
  EXPECT_EQ(diary.calls, "E4W4W4E1D1W1W1");
  EXPECT_EQ(values(diary, {ask(second, 0.75F, 3)}), (std::vector<float>{56.75F}));
}

}  // namespace
}  // namespace pixnerd::diffusion
