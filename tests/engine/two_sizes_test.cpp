// Pictures of two sizes, against the loop that they stand for, written out.
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/upsample_bicubic2d.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "config/member.h"
#include "diffusion/evaluation.h"
#include "diffusion/noise.h"
#include "diffusion/time_grid.h"
#include "engine/engine.h"
#include "tests/models/tiny.h"

namespace pixnerd::engine {
namespace {

class TwoSizes : public testing::Test {
 protected:
  TwoSizes() {
    config_.size = {8, 8};
    config_.sampler.steps = 10;
    config_.sampler.guidance = 2.0;
  }

  Picture picture(uint64_t seed = 7) const {
    Picture drawn;
    drawn.condition = label_;
    drawn.null_condition = none_;
    drawn.seed = seed;
    drawn.settings = std::make_shared<const SampleConfig>(config_);
    return drawn;
  }

  at::Tensor drawn() {
    Engine engine(*network_, models::Precision::float32);
    std::vector<Picture> pictures;
    pictures.push_back(picture());
    return draw_all(engine, std::move(pictures)).front();
  }

  // x after every step.
  std::vector<at::Tensor> trajectory() {
    struct Steps : Observer {
      void stepped(PictureId, const Stepped& step) override {
        EXPECT_EQ(step.step, static_cast<int64_t>(found.size()) + 1);
        EXPECT_EQ(step.steps, steps);
        found.push_back(step.x);
      }
      std::vector<at::Tensor> found;
      int64_t steps = 0;
    };
    Engine engine(*network_, models::Precision::float32);
    const auto watch = std::make_shared<Steps>();
    watch->steps = config_.sampler.steps;
    engine.submit(picture(), watch);
    while (engine.advance()) {
    }
    EXPECT_EQ(std::ssize(watch->found), config_.sampler.steps);
    return watch->found;
  }

  // The first steps of a grid; the schedule of s goes by the steps of the whole.
  at::Tensor part(diffusion::Denoiser& denoiser, const std::vector<float>& grid, int64_t steps, const at::Tensor& start,
                  diffusion::NoiseSource& noise, int64_t steps_before) const {
    diffusion::Conditioning conditioning = this->conditioning();
    const auto solver = diffusion::make_solver(config_.sampler, {grid, start, &noise});
    at::Tensor x = start;
    while (steps > 0) {
      auto query = solver->query();
      query->step += steps_before;
      for (const auto& step : solver->take(velocity(denoiser, {*query, &conditioning}))) {
        x = step.x;
        --steps;
      }
    }
    return x;
  }

  at::Tensor written_out() const {
    const c10::NoGradGuard no_grad;
    diffusion::ImageNoise noise({7});
    const diffusion::SamplerConfig& sampler = config_.sampler;
    const std::vector<float> grid = diffusion::time_grid(sampler.steps, sampler.timeshift, sampler.last_step);
    int64_t change = 0;
    while (change < sampler.steps && grid[static_cast<size_t>(change)] < config_.decode_time - 1e-6) ++change;
    const std::vector<float> rest(grid.begin() + change, grid.end());

    at::Tensor x = part(*network_, grid, change, noise.draw(3, 8, 8), noise, 0);
    const double t = rest.front();
    if (change < sampler.steps) {
      diffusion::Conditioning conditioning = this->conditioning();
      x = x + (1 - t) * velocity(*network_, {{x, rest.front(), 0}, &conditioning});
    }
    const auto [width, height] = *config_.decode_size;
    x = at::upsample_bicubic2d(x, {height, width}, /*align_corners=*/false);
    x = t * x + (1 - t) * noise.draw_like(x);
    models::OnGrid on_grid(*network_, models::token_grid(network_->config(), 8, 8));
    return part(on_grid, rest, sampler.steps - change, x, noise, change);
  }

  diffusion::Conditioning conditioning() const {
    return {label_,
            none_,
            {config_.sampler.guidance, config_.sampler.guidance_interval},
            diffusion::EncodeSchedule::of(config_.sampler)};
  }

  static at::Tensor velocity(diffusion::Denoiser& denoiser, const diffusion::Ask& ask) {
    return diffusion::evaluate(denoiser, {&ask, 1}).front();
  }

  at::Tensor label_ = at::full({1}, 1, at::kLong), none_ = at::full({1}, 3, at::kLong);
  std::shared_ptr<models::Network> network_ = random_network(models::tiny_config(), 1);
  SampleConfig config_;
};

TEST_F(TwoSizes, AreDrawnAsTheLoopSays) {
  config_.decode_size = {{16, 24}};
  using enum diffusion::SolverKind;
  for (const auto& [solver, form] : {std::pair(euler, diffusion::Stochastic::none),
                                     {euler, diffusion::Stochastic::sde},
                                     {heun, diffusion::Stochastic::preserve},
                                     {heun_reuse, diffusion::Stochastic::mean},
                                     {adams, diffusion::Stochastic::none},
                                     {dpm, diffusion::Stochastic::none}}) {
    config_.sampler.solver = solver;
    config_.sampler.stochastic = form;
    for (const double time : {0.0, 0.35, 0.7, 1.0}) {
      config_.decode_time = time;
      for (const int64_t reuse : {1, 4}) {
        config_.sampler.reuse = reuse;
        EXPECT_TRUE(at::equal(drawn(), written_out()))
            << config::enum_name(solver) << ", from " << time << ", reuse " << reuse;
      }
    }
  }
}

// Also where others of one size and of two are drawn beside it, at other times of theirs.
TEST_F(TwoSizes, OthersBesideItChangeNothing) {
  config_.decode_size = {{16, 24}};
  config_.sampler.stochastic = diffusion::Stochastic::sde;
  const at::Tensor alone = written_out();
  std::vector<Picture> pictures;
  pictures.push_back(picture());
  for (const double time : {0.1, 0.5, 0.9}) {
    const SampleConfig before = config_;
    config_.decode_time = time;
    config_.sampler.steps = 6;
    pictures.push_back(picture(3));
    config_.decode_size.reset();
    pictures.push_back(picture(4));
    config_ = before;
  }
  Engine engine(*network_, models::Precision::float32, {.most_together = 4});
  EXPECT_TRUE(at::equal(draw_all(engine, std::move(pictures)).front(), alone));
}

// Times of the grid are float32, 0.7 among them: they count as the number that was asked for.
TEST_F(TwoSizes, TheSecondBeginsAtTheStepOfItsTime) {
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
TEST_F(TwoSizes, TheFirstPartIsThatOfOneSize) {
  using enum diffusion::SolverKind;
  for (const auto solver : {euler, heun, heun_reuse, adams, dpm}) {
    const bool is_stochastic = solver != adams && solver != dpm;
    config_.sampler.solver = solver;
    config_.sampler.stochastic = is_stochastic ? diffusion::Stochastic::sde : diffusion::Stochastic::none;
    config_.decode_size.reset();
    const auto whole = trajectory();
    config_.decode_size = {{16, 16}};
    config_.decode_time = 0.5;
    const auto found = trajectory();
    for (size_t i = 0; i < 5; ++i) {
      EXPECT_TRUE(at::equal(found[i], whole[i])) << config::enum_name(solver) << ", step " << i;
    }
  }
}

// Every solver in two sizes, and every order of Adams: with more steps it comes to where careful integration does,
// which none does that asks the network at other times than its grid's.
TEST_F(TwoSizes, EverySolverConvergesToTheSamePicture) {
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
}  // namespace pixnerd::engine
