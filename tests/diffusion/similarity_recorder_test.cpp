#include "diffusion/similarity_recorder.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/integrate.h"

namespace pixnerd::diffusion {
namespace {

// s [B, 2, 2]: token k is 3 (cos a, sin a), a = condition t (k + 1). So the cosine of two of its s is that of the
// difference of their angles.
class Turning : public Denoiser {
 public:
  at::Tensor encode(const at::Tensor&, const at::Tensor& t, const at::Tensor& condition) override {
    const at::Tensor angle = condition * t;
    const auto token = [](const at::Tensor& a) { return at::stack({a.cos(), a.sin()}, -1) * 3; };
    return at::stack({token(angle), token(angle * 2)}, 1);
  }
  at::Tensor decode(const at::Tensor& x, const at::Tensor&, const at::Tensor&, const at::Tensor&) override {
    return x * 0 + 1;
  }
};

double alike(double condition, double t_i, double t_j) {
  const double angle = condition * (t_i - t_j);
  return (std::cos(angle) + std::cos(2 * angle)) / 2;
}

SamplerConfig config_of(SolverKind solver, int64_t steps) {
  SamplerConfig config;
  config.solver = solver;
  config.steps = steps;
  return config;
}

Similarity measure(const SamplerConfig& config, const std::vector<double>& conditions) {
  Turning denoiser;
  SimilarityRecorder recorder(denoiser, config.steps);
  for (const double condition : conditions) {
    ImageNoise noise({1});
    recorder.begin_run();
    integrate(recorder, at::full({1}, condition), at::full({1}, 3.0), config, at::zeros({1, 1, 2, 2}), noise,
              [&](size_t, const StepResult&) { recorder.end_step(); });
  }
  return recorder.similarity();
}

TEST(SimilarityRecorder, AveragesTheCosineOfTokensOverRuns) {
  const Similarity similarity = measure(config_of(SolverKind::euler, 4), {1.0, 2.0});
  ASSERT_EQ(similarity.size(), 4U);
  for (size_t i = 0; i < 4; ++i) {
    ASSERT_EQ(similarity[i].size(), i + 1);
    EXPECT_EQ(similarity[i][i], 1.0);
    for (size_t j = 0; j < i; ++j) {
      const double t_i = 0.25 * static_cast<double>(i), t_j = 0.25 * static_cast<double>(j);
      EXPECT_NEAR(similarity[i][j], (alike(1, t_i, t_j) + alike(2, t_i, t_j)) / 2, 1e-6);
    }
  }
}

TEST(SimilarityRecorder, HalvesOfGuidanceCountAlikeWhereBothAre) {
  SamplerConfig config = config_of(SolverKind::euler, 4);
  config.guidance = 2.0;
  config.guidance_interval = {0.2, 0.6};  // the steps 1 and 2
  const Similarity similarity = measure(config, {1.0});
  EXPECT_NEAR(similarity[2][1], (alike(1, 0.5, 0.25) + alike(3, 0.5, 0.25)) / 2, 1e-6);
  EXPECT_NEAR(similarity[2][0], alike(1, 0.5, 0), 1e-6);
  EXPECT_NEAR(similarity[3][2], alike(1, 0.75, 0.5), 1e-6);
}

// Heun's step leaves the s of its corrector, at the next time, and its own evaluations are at both.
TEST(SimilarityRecorder, ComparesEveryEvaluationWithTheLastOneOfAStep) {
  const Similarity similarity = measure(config_of(SolverKind::heun, 4), {1.0});
  EXPECT_NEAR(similarity[2][0], (alike(1, 0.5, 0.25) + alike(1, 0.75, 0.25)) / 2, 1e-6);
  EXPECT_NEAR(similarity[3][1], alike(1, 0.75, 0.5), 1e-6);  // the last step has no corrector
}

TEST(SimilarityRecorder, AStepWithoutEvaluationsLosesNothing) {
  const Similarity similarity = measure(config_of(SolverKind::heun_reuse, 3), {1.0});
  EXPECT_EQ(similarity[2], (std::vector<double>{1, 1, 1}));
  EXPECT_LT(similarity[1][0], 1.0);
}

TEST(SimilarityRecorder, ChangesNothingOfTheRun) {
  class Sum : public Turning {
   public:
    at::Tensor decode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& s, const at::Tensor&) override {
      return x + s.sum() * t.view({-1, 1, 1, 1});
    }
  } denoiser;
  SimilarityRecorder recorder(denoiser, 3);
  const SamplerConfig config = config_of(SolverKind::euler, 3);
  const auto run = [&](Denoiser& each) {
    ImageNoise noise({1});
    recorder.begin_run();
    return integrate(each, at::ones({1}), at::ones({1}), config, at::ones({1, 1, 2, 2}), noise,
                     [&](size_t, const StepResult&) { recorder.end_step(); });
  };
  const at::Tensor plain = run(denoiser);
  EXPECT_TRUE(run(recorder).equal(plain));
}

TEST(SimilarityRecorder, ZeroIsLikeNothing) {
  FunctionDenoiser denoiser([](const at::Tensor& x, const at::Tensor&, const at::Tensor&) { return x; });
  SimilarityRecorder recorder(denoiser, 2);
  recorder.begin_run();
  for (int i = 0; i < 2; ++i) {
    recorder.encode({}, {}, at::zeros({1, 3}));
    recorder.end_step();
  }
  EXPECT_EQ(recorder.similarity()[1][0], 0.0);
}

}  // namespace
}  // namespace pixnerd::diffusion
