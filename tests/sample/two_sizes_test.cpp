#include "sample/two_sizes.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "diffusion/noise.h"
#include "tests/models/tiny.h"

namespace pixnerd::sample {
namespace {

class SizeChange : public testing::Test {
 protected:
  SizeChange() {
    config_.size = {8, 8};
    config_.sampler.steps = 10;
    config_.sampler.guidance = 2.0;
  }

  // x after every step.
  std::vector<at::Tensor> trajectory() {
    const at::NoGradGuard no_grad;
    diffusion::ImageNoise noise({7});
    const at::Tensor x = noise.draw(3, 8, 8), label = at::full({1}, 1, at::kLong), none = at::full({1}, 3, at::kLong);
    std::vector<at::Tensor> found;
    integrate(*network_, label, none, config_, x, noise,
              [&](size_t, const diffusion::StepResult& result) { found.push_back(result.x); });
    return found;
  }

  std::shared_ptr<models::Network> network_ = random_network(models::tiny_config(), 1);
  SampleConfig config_;
};

// Times of the grid are float32, 0.7 among them: they count as the number that was asked for.
TEST_F(SizeChange, BeginAtTheStepOfTheirTime) {
  config_.decode_size = {{16, 16}};
  for (int64_t tenths = 0; tenths <= 10; ++tenths) {
    config_.decode_time = static_cast<double>(tenths) / 10;
    const auto found = trajectory();
    EXPECT_EQ(std::count_if(found.begin(), found.end(), [](const at::Tensor& x) { return x.size(2) == 8; }), tenths);
  }
  config_.decode_time = 0.71;
  EXPECT_EQ(trajectory()[7].size(2), 8);
  EXPECT_EQ(trajectory()[8].size(2), 16);
}

// The change of size is no last step, which solvers take otherwise.
TEST_F(SizeChange, TheFirstPartIsThatOfOneSize) {
  for (const auto solver : {diffusion::SolverKind::euler, diffusion::SolverKind::heun, diffusion::SolverKind::dpm}) {
    config_.sampler.solver = solver;
    config_.sampler.stochastic =
        solver == diffusion::SolverKind::dpm ? diffusion::Stochastic::none : diffusion::Stochastic::sde;
    config_.decode_size.reset();
    const auto whole = trajectory();
    config_.decode_size = {{16, 16}};
    config_.decode_time = 0.5;
    const auto found = trajectory();
    for (size_t i = 0; i < 5; ++i) EXPECT_TRUE(at::allclose(found[i], whole[i], 1e-4, 1e-4)) << i;
  }
}

// Every solver in two sizes, and every order of Adams: with more steps it comes to where careful integration does,
// which none does that asks the network at other times than its grid's.
TEST_F(SizeChange, EverySolverConvergesToTheSamePicture) {
  config_.decode_size = {{16, 16}};
  config_.decode_time = 0.5;
  const auto drawn = [&](diffusion::SolverKind solver, int64_t order, int64_t steps) {
    config_.sampler.solver = solver;
    config_.sampler.order = order;
    config_.sampler.steps = steps;
    return trajectory().back();
  };
  const at::Tensor careful = drawn(diffusion::SolverKind::heun, 2, 320);
  const auto error = [&](diffusion::SolverKind solver, int64_t order, int64_t steps) {
    return (drawn(solver, order, steps) - careful).square().mean().sqrt().item<double>();
  };
  using enum diffusion::SolverKind;
  const double of_euler = error(euler, 1, 40);
  for (const auto& [solver, order] :
       {std::pair(euler, 1), {heun, 1}, {heun_reuse, 1}, {dpm, 1}, {adams, 1}, {adams, 2}, {adams, 3}, {adams, 4}}) {
    const double few = error(solver, order, 20), many = error(solver, order, 40);
    EXPECT_LT(many, 0.75 * few) << static_cast<int>(solver) << ", order " << order;
    EXPECT_LT(many, 1.01 * of_euler) << static_cast<int>(solver) << ", order " << order;
  }
}

}  // namespace
}  // namespace pixnerd::sample
