// Noise of another scale: every place where noise enters a picture, x_t = t x1 + (1 - t) k n.
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "engine/engine.h"
#include "tests/models/tiny.h"

namespace pixnerd::engine {
namespace {

using diffusion::SolverKind;
using diffusion::Stochastic;

constexpr double kPicture = 0.5;

// The straight flow to a picture of one value. It notes the noise that it finds in x.
class NoteTaker : public diffusion::Denoiser {
 public:
  at::Tensor encode(const at::Tensor&, const at::Tensor&, const at::Tensor& condition) override { return condition; }
  at::Tensor decode(const at::Tensor& x, const at::Tensor& t, const at::Tensor&, const at::Tensor&) override {
    const float time = t[0].item<float>();
    times.push_back(time);
    noise.push_back((x - time * kPicture) / (1 - time));
    return (kPicture - x) / (1 - time);
  }

  std::vector<float> times;
  std::vector<at::Tensor> noise;
};

class NoiseScale : public testing::TestWithParam<double> {
 protected:
  NoiseScale() {
    config_.size = {64, 64};
    config_.sampler.steps = 5;
  }

  at::Tensor drawn() {
    EngineOptions options;
    options.channels = 1;
    options.noise_scale = GetParam();
    Engine engine(flow_, models::Precision::float32, options);
    Picture picture;
    picture.condition = picture.null_condition = at::zeros({1});
    picture.seed = 3;
    picture.settings = std::make_shared<const SampleConfig>(config_);
    picture.edit = edit_;
    std::vector<Picture> pictures;
    pictures.push_back(std::move(picture));
    return draw_all(engine, std::move(pictures)).front();
  }

  void expect_noise_of_the_scale(double tolerance) {
    for (size_t i = 0; i < flow_.times.size(); ++i) {
      EXPECT_NEAR(flow_.noise[i].std().item<double>() / GetParam(), 1, tolerance) << "at " << flow_.times[i];
      EXPECT_NEAR(flow_.noise[i].mean().item<double>() / GetParam(), 0, 2 * tolerance) << "at " << flow_.times[i];
    }
  }

  SampleConfig config_;
  std::optional<Edit> edit_;
  NoteTaker flow_;
};

TEST_P(NoiseScale, APictureBeginsWithItAndArrives) {
  for (const auto solver : {SolverKind::euler, SolverKind::heun, SolverKind::adams, SolverKind::dpm}) {
    config_.sampler.solver = solver;
    flow_ = {};
    const at::Tensor x = drawn();
    diffusion::ImageNoise noise({3});
    EXPECT_TRUE(at::allclose(flow_.noise.front(), GetParam() * noise.draw(1, 64, 64)));
    EXPECT_TRUE(at::allclose(x, at::full_like(x, kPicture), 0, 1e-4));
  }
}

// The score is that of N(t x1, (1 - t)^2 k^2): with it the noise keeps its size, however much of it is exchanged.
TEST_P(NoiseScale, StochasticStepsKeepIt) {
  config_.sampler.steps = 200;
  config_.sampler.timeshift = 0.5;
  for (const auto form : {Stochastic::sde, Stochastic::preserve}) {
    config_.sampler.stochastic = form;
    flow_ = {};
    drawn();
    while (flow_.times.back() > 0.9F) {
      flow_.times.pop_back();
      flow_.noise.pop_back();
    }
    expect_noise_of_the_scale(0.06);
    const double alike = (flow_.noise.front() * flow_.noise.back()).mean().item<double>() / (GetParam() * GetParam());
    EXPECT_LT(alike, 0.5);
  }
}

TEST_P(NoiseScale, EditsAreUnderIt) {
  at::Tensor mask = at::zeros({1, 1, 64, 64});
  mask.narrow(3, 32, 32).fill_(1);
  const at::Tensor image = at::full({1, 1, 64, 64}, kPicture);
  for (const int64_t resample : {1, 3}) {
    for (const double strength : {1.0, 0.6}) {
      edit_ = Edit{image, mask, strength, resample};
      flow_ = {};
      const at::Tensor x = drawn();
      expect_noise_of_the_scale(0.05);
      EXPECT_TRUE(at::allclose(x, image, 0, 1e-4));
    }
  }
  edit_ = Edit{image, {}, 0.4};
  flow_ = {};
  drawn();
  EXPECT_NEAR(flow_.times.front(), 0.6, 1e-6);
  expect_noise_of_the_scale(0.05);
}

INSTANTIATE_TEST_SUITE_P(All, NoiseScale, testing::Values(0.5, 1.0, 2.0));

// At two sizes the picture is noised again, as a network says that it was trained.
TEST(NoiseScaleOfNetworks, ItIsThatOfTheirConfiguration) {
  struct Seen : Observer {
    void evaluated(PictureId, const Evaluated& each) override { x.push_back(each.x.clone()); }
    std::vector<at::Tensor> x;
  };
  const auto drawn = [](double scale) {
    models::ModelConfig config = models::tiny_config();
    config.noise_scale = scale;
    const auto network = models::fresh_network(config, 1);  // whose velocities are 0
    Engine engine(*network, models::Precision::float32);
    auto how = std::make_shared<SampleConfig>();
    how->size = {8, 8};
    how->decode_size = PictureSize{64, 64};
    how->decode_time = 0.5;
    how->sampler.steps = 2;
    Picture picture;
    picture.condition = models::null_labels(config, 1);
    picture.null_condition = picture.condition;
    picture.seed = 3;
    picture.settings = how;
    const auto seen = std::make_shared<Seen>();
    engine.submit(std::move(picture), seen);
    while (engine.advance()) {
    }
    return seen->x;
  };
  const std::vector<at::Tensor> once = drawn(1), twice = drawn(2);
  ASSERT_EQ(once.size(), twice.size());
  EXPECT_EQ(twice.back().size(3), 64);
  for (size_t i = 0; i < once.size(); ++i) EXPECT_TRUE(at::allclose(2 * once[i], twice[i], 1e-5, 1e-5)) << i;
}

}  // namespace
}  // namespace pixnerd::engine
