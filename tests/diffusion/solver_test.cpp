// The solvers' trajectories are compared with the official ones by the golden cases; here, their order of accuracy,
// what they ask of the network, and what a configuration may say.
#include "diffusion/solver.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "core/errors.h"
#include "diffusion/time_grid.h"
#include "tests/diffusion/one_trajectory.h"

namespace pixnerd::diffusion {
namespace {

// dx/dt = x + t has the solution (x0 + 1) e^t - t - 1.
double error_of(SolverKind solver, int64_t order, int64_t steps, int* evaluations = nullptr) {
  FunctionDenoiser denoiser([&](const at::Tensor& x, const at::Tensor& t, const at::Tensor&) {
    if (evaluations != nullptr) ++*evaluations;
    return x + t.view({-1, 1, 1, 1});
  });
  SamplerConfig config;
  config.solver = solver;
  config.order = order;
  config.steps = steps;
  ImageNoise noise({1});
  const at::Tensor y = at::zeros({1});
  const at::Tensor x = integrate(denoiser, y, y, config, at::full({1, 1, 1, 1}, 0.5, at::kDouble), noise);
  return std::abs(x.item<double>() - (1.5 * std::exp(1.0) - 2.0));
}

struct Accuracy {
  SolverKind solver;
  int64_t order;
  double expected_order;
};

class SolverAccuracy : public testing::TestWithParam<Accuracy> {};

TEST_P(SolverAccuracy, ErrorFallsWithItsOrder) {
  const auto [solver, order, expected] = GetParam();
  const double measured = std::log2(error_of(solver, order, 16) / error_of(solver, order, 32));
  EXPECT_NEAR(measured, expected, 0.45);
}

INSTANTIATE_TEST_SUITE_P(All, SolverAccuracy,
                         testing::Values(Accuracy{SolverKind::euler, 1, 1.0}, Accuracy{SolverKind::adams, 1, 1.0},
                                         Accuracy{SolverKind::adams, 2, 2.0}));

TEST(Solver, EvaluationsPerRun) {
  int euler = 0, heun = 0, reuse = 0, adams = 0;
  error_of(SolverKind::euler, 1, 7, &euler);
  error_of(SolverKind::heun, 1, 7, &heun);
  error_of(SolverKind::heun_reuse, 1, 7, &reuse);
  error_of(SolverKind::adams, 4, 7, &adams);
  EXPECT_EQ(euler, 7);
  EXPECT_EQ(heun, 13);
  EXPECT_EQ(reuse, 7);
  EXPECT_EQ(adams, 7);
  int dpm = 0;
  error_of(SolverKind::dpm, 1, 7, &dpm);
  EXPECT_EQ(dpm, 7);
}

// The flow from noise to pictures that are normally distributed, x1 = kMean + kDeviation z, is known: x_t = t kMean +
// sd(t) z along the whole of it. Here on the second part of a run, where another solver has stopped.
struct LaterRun {
  SolverKind solver;
  int64_t order;
  int64_t accuracy;  // p of an error of at most bound / n^p in n steps
  double bound;
};

class OnALaterGrid : public testing::TestWithParam<std::tuple<LaterRun, float, double>> {
 protected:
  static constexpr double kMean = 0.25, kDeviation = 0.5, kZ = 1.5;

  static double sd(double t) { return std::sqrt(t * t * kDeviation * kDeviation + (1 - t) * (1 - t)); }

  static at::Tensor velocity_at(const at::Tensor& x, double t) {
    const double share = kDeviation * kDeviation * t / (sd(t) * sd(t));
    return (kMean + share * (x - t * kMean) - x) / (1 - t);
  }

  // From time `begin` to 1 in `steps` steps; asked_ has the times at which the velocity was wanted.
  double error_in(int64_t steps) {
    const auto [run, begin, shift] = GetParam();
    FunctionDenoiser denoiser([&](const at::Tensor& x, const at::Tensor& t, const at::Tensor&) {
      asked_.push_back(t[0].item<float>());
      return velocity_at(x, asked_.back());
    });
    SamplerConfig config;
    config.solver = run.solver;
    config.order = run.order;
    grid_ = time_grid(steps, shift);
    for (float& t : grid_) t = begin + (1 - begin) * t;
    asked_.clear();
    ImageNoise noise({1});
    const at::Tensor x = at::full({1, 1, 1, 1}, begin * kMean + sd(begin) * kZ, at::kDouble);
    config.steps = steps;
    const at::Tensor y = at::zeros({1});
    return std::abs(integrate(denoiser, y, y, config, {grid_, x, &noise}).item<double>() - (kMean + kDeviation * kZ));
  }

  std::vector<float> grid_, asked_;
};

bool contains(const std::vector<float>& times, float t) {
  return std::any_of(times.begin(), times.end(), [&](float each) { return std::abs(each - t) < 1e-6F; });
}

TEST_P(OnALaterGrid, ItAsksAtTheGridsTimes) {
  error_in(9);
  EXPECT_EQ(asked_.front(), grid_.front());
  for (const float t : asked_) EXPECT_TRUE(contains(grid_, t) && t < 1) << t;
  for (size_t i = 0; i + 1 < grid_.size(); ++i) EXPECT_TRUE(contains(asked_, grid_[i])) << grid_[i];
}

TEST_P(OnALaterGrid, ItArrivesWithItsAccuracy) {
  const LaterRun& run = std::get<0>(GetParam());
  for (const int64_t steps : {32, 128}) {
    const double most = run.bound / std::pow(static_cast<double>(steps), static_cast<double>(run.accuracy));
    EXPECT_LT(error_in(steps), most) << steps << " steps";
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, OnALaterGrid,
    testing::Combine(testing::Values(LaterRun{SolverKind::euler, 1, 1, 3}, LaterRun{SolverKind::heun, 1, 2, 18},
                                     LaterRun{SolverKind::heun_reuse, 1, 2, 18}, LaterRun{SolverKind::dpm, 1, 2, 55},
                                     LaterRun{SolverKind::adams, 1, 1, 3}, LaterRun{SolverKind::adams, 2, 2, 3},
                                     LaterRun{SolverKind::adams, 3, 2, 4}, LaterRun{SolverKind::adams, 4, 2, 1}),
                     testing::Values(0.0F, 0.25F, 0.5F), testing::Values(1.0, 3.0)));

// On this problem the errors of its first and last steps, which are of first order, partly make up for each other.
TEST(Solver, DpmIsAtLeastOfSecondOrder) {
  EXPECT_GT(std::log2(error_of(SolverKind::dpm, 1, 16) / error_of(SolverKind::dpm, 1, 32)), 1.8);
}

// The part of the flow that is known, straight to a picture, costs DPM-Solver nothing, however uneven the steps.
TEST(Solver, DpmIsExactWhereThePictureStays) {
  FunctionDenoiser denoiser([](const at::Tensor& x, const at::Tensor& t, const at::Tensor&) {
    return (0.25 - x) / (1 - t).view({-1, 1, 1, 1});
  });
  SamplerConfig config;
  config.solver = SolverKind::dpm;
  config.steps = 5;
  config.timeshift = 3;
  config.last_step = 0.4;
  ImageNoise noise({1});
  const at::Tensor y = at::zeros({1});
  std::vector<double> distances;
  const auto observe = [&](size_t, const StepResult& result) {
    distances.push_back(std::abs(result.x.item<double>() - 0.25));
  };
  integrate(denoiser, y, y, config, at::full({1, 1, 1, 1}, 2.25, at::kDouble), noise, observe);
  EXPECT_NEAR(distances[1] / 2, 1 - shift_time(0.3F, 3), 1e-6);
  EXPECT_NEAR(distances.back(), 0, 1e-6);
}

TEST(Solver, HeunBeatsEulerOnTheSameGrid) {
  EXPECT_LT(error_of(SolverKind::heun, 1, 16), error_of(SolverKind::euler, 1, 16) / 4);
}

TEST(Solver, StochasticStepsDrawForTheirImageAlone) {
  FunctionDenoiser denoiser([](const at::Tensor& x, const at::Tensor&, const at::Tensor&) { return -x; });
  SamplerConfig config;
  config.steps = 4;
  config.stochastic = Stochastic::sde;
  const auto run = [&](const std::vector<uint64_t>& seeds) {
    ImageNoise noise(seeds);
    const at::Tensor y = at::zeros({static_cast<int64_t>(seeds.size())});
    return integrate(denoiser, y, y, config, noise.draw(1, 4, 4), noise);
  };
  EXPECT_LT((run({8, 9})[1] - run({9})[0]).abs().max().item<float>(), 1e-6F);
}

// Where the noise weighs nothing, a stochastic step is a deterministic one.
TEST(Solver, NoiseWeightsOfNoughtMakeAStepDeterministic) {
  FunctionDenoiser denoiser([](const at::Tensor& x, const at::Tensor&, const at::Tensor&) { return 0.5 - x; });
  const at::Tensor y = at::zeros({1});
  at::Tensor weights = at::ones({1, 1, 4, 4});
  weights.narrow(2, 0, 2).zero_();
  for (const auto solver : {SolverKind::euler, SolverKind::heun, SolverKind::heun_reuse}) {
    for (const auto form : {Stochastic::mean, Stochastic::sde, Stochastic::preserve}) {
      SamplerConfig config;
      config.solver = solver;
      config.steps = 5;
      const auto run = [&](Stochastic stochastic, const at::Tensor& noise_weights) {
        config.stochastic = stochastic;
        ImageNoise noise({3});
        const at::Tensor x = noise.draw(1, 4, 4);
        return integrate(denoiser, y, y, config, {time_grid(5, 1.0), x, &noise, noise_weights});
      };
      const at::Tensor plain = run(Stochastic::none, {}), noisy = run(form, {}), mixed = run(form, weights);
      EXPECT_TRUE(at::equal(mixed.narrow(2, 0, 2), plain.narrow(2, 0, 2)));
      EXPECT_TRUE(at::allclose(mixed.narrow(2, 2, 2), noisy.narrow(2, 2, 2), 1e-5, 1e-6));
    }
  }
}

TEST(SamplerConfig, RefusesCombinationsThatMeanNothing) {
  SamplerConfig adams;
  adams.solver = SolverKind::adams;
  adams.stochastic = Stochastic::sde;
  EXPECT_THROW(adams.validate(), ConfigError);
  SamplerConfig interval;
  interval.guidance_interval = {0.9, 0.1};
  EXPECT_THROW(interval.validate(), ConfigError);
  SamplerConfig schedule;
  schedule.steps = 4;
  schedule.encode_steps = {0, 4};
  EXPECT_THROW(schedule.validate(), ConfigError);
  SamplerConfig both;
  both.encode_steps = {0};
  both.reuse = 2;
  EXPECT_THROW(both.validate(), ConfigError);
  EXPECT_NO_THROW(SamplerConfig{}.validate());
  SamplerConfig repeated;
  repeated.steps = 2;
  repeated.encode_steps = {0, 1, 1};
  EXPECT_THROW(repeated.validate(), ConfigError);
  for (const int64_t steps : {int64_t{0}, kMostSteps + 1, std::numeric_limits<int64_t>::max()}) {
    SamplerConfig long_run;
    long_run.steps = steps;
    EXPECT_THROW(long_run.validate(), ConfigError);
  }
}

}  // namespace
}  // namespace pixnerd::diffusion
