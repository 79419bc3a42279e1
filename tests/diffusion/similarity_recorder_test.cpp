#include "diffusion/similarity_recorder.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/evaluation.h"
#include "diffusion/time_grid.h"

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
  SimilarityRecorder recorder(config.steps);
  for (uint64_t run = 0; run < conditions.size(); ++run) {
    ImageNoise noise({1});
    Conditioning conditioning(at::full({1}, conditions[run]), at::full({1}, 3.0),
                              {config.guidance, config.guidance_interval});
    const auto solver = make_solver(config, {time_grid(config.steps, 1.0), at::zeros({1, 1, 2, 2}), &noise});
    while (const auto query = solver->query()) {
      const Ask ask{*query, &conditioning};
      solver->take(evaluate(denoiser, std::span(&ask, 1)).front());
      recorder.add(run, query->step, conditioning.s(), rows_of(ask) > 1 ? conditioning.null_s() : at::Tensor());
    }
    recorder.end(run);
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

TEST(SimilarityRecorder, RunsMayGoSideBySide) {
  const auto s_at = [](double angle) {
    return at::stack({at::full({1, 1}, std::cos(angle)), at::full({1, 1}, std::sin(angle))}, -1);
  };
  SimilarityRecorder recorder(2);
  recorder.add(1, 0, s_at(0), {});
  recorder.add(2, 0, s_at(1), {});
  recorder.add(1, 1, s_at(.5), {});
  recorder.add(2, 1, s_at(1.1), {});
  EXPECT_NEAR(recorder.similarity()[1][0], (std::cos(.5) + std::cos(.1)) / 2, 1e-6);
}

TEST(SimilarityRecorder, ZeroIsLikeNothing) {
  SimilarityRecorder recorder(2);
  for (int64_t step = 0; step < 2; ++step) recorder.add(0, step, at::zeros({1, 3}), {});
  EXPECT_EQ(recorder.similarity()[1][0], 0.0);
}

}  // namespace
}  // namespace pixnerd::diffusion
