// Edits and tiles in a trajectory: what stays on its line, what is made again, and what the network sees.
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <set>

#include "core/errors.h"
#include "engine/engine.h"
#include "tests/core/thrown.h"

namespace pixnerd::engine {
namespace {

using diffusion::SolverKind;
using diffusion::Stochastic;

constexpr int64_t kSide = 8;

// The straight flow to pictures of one value, the condition.
class ToTheCondition : public diffusion::Denoiser {
 public:
  at::Tensor encode(const at::Tensor&, const at::Tensor&, const at::Tensor& condition) override { return condition; }
  at::Tensor decode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& s, const at::Tensor&) override {
    times.push_back(t[0].item<float>());
    seen.push_back(x.clone());
    return (s.view({-1, 1, 1, 1}) - x) / (1 - t).view({-1, 1, 1, 1});
  }

  std::vector<float> times;
  std::vector<at::Tensor> seen;
};

std::shared_ptr<SampleConfig> edit_settings(int64_t steps) {
  auto config = std::make_shared<SampleConfig>();
  config->size = {kSide, kSide};
  config->sampler.steps = steps;
  return config;
}

Picture edited(std::shared_ptr<const SampleConfig> how, uint64_t seed = 3) {
  Picture drawn;
  drawn.condition = at::full({1}, 0.5);
  drawn.null_condition = at::full({1}, 0.0);
  drawn.seed = seed;
  drawn.settings = std::move(how);
  return drawn;
}

at::Tensor drawn(diffusion::Denoiser& denoiser, Picture picture) {
  EngineOptions options;
  options.channels = 1;
  Engine engine(denoiser, models::Precision::float32, options);
  std::vector<Picture> pictures;
  pictures.push_back(std::move(picture));
  return draw_all(engine, std::move(pictures)).front();
}

// The right half is drawn anew, the column before it half.
at::Tensor right_half() {
  at::Tensor mask = at::zeros({1, 1, kSide, kSide});
  mask.narrow(3, 4, 4).fill_(1);
  mask.narrow(3, 3, 1).fill_(0.5);
  return mask;
}

at::Tensor ramp() {
  return at::arange(kSide * kSide, at::kFloat).view({1, 1, kSide, kSide}) / 64 - 0.5;
}

TEST(EditTest, TheKnownPartComesBackHoweverOftenStepsAreMade) {
  for (const auto solver :
       {SolverKind::euler, SolverKind::heun, SolverKind::heun_reuse, SolverKind::adams, SolverKind::dpm}) {
    const bool may_be_random = solver != SolverKind::adams && solver != SolverKind::dpm;
    for (const auto form : {Stochastic::none, Stochastic::mean, Stochastic::sde, Stochastic::preserve}) {
      if (form != Stochastic::none && !may_be_random) continue;
      for (const int64_t resample : {1, 2, 5}) {
        auto how = edit_settings(6);
        how->sampler.solver = solver;
        how->sampler.stochastic = form;
        Picture each = edited(how);
        each.edit = Edit{ramp(), right_half(), 1, resample};
        ToTheCondition flow;
        const at::Tensor x = drawn(flow, std::move(each));
        EXPECT_TRUE(at::allclose(x.narrow(3, 0, 3), ramp().narrow(3, 0, 3), 0, 2e-5)) << resample;
        if (form != Stochastic::none) continue;
        EXPECT_TRUE(at::allclose(x.narrow(3, 4, 4), at::full({1, 1, kSide, 4}, 0.5), 0, 1e-4)) << resample;
        const at::Tensor soft = x.narrow(3, 3, 1);
        EXPECT_TRUE((soft > ramp().narrow(3, 3, 1) - 0.3).all().item<bool>()) << resample;
        EXPECT_TRUE((soft < 0.8).all().item<bool>()) << resample;
      }
    }
  }
}

TEST(EditTest, EachStepButTheLastIsMadeAsOftenAsIsAsked) {
  Picture each = edited(edit_settings(3));
  each.edit = Edit{ramp(), right_half(), 1, 4};
  ToTheCondition flow;
  drawn(flow, std::move(each));
  const float third = 1.0F / 3;
  const std::vector<float> expected{0, 0, 0, 0, third, third, third, third, 2 * third};
  ASSERT_EQ(flow.times.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(flow.times[i], expected[i], 1e-6);
}

// x_t = t x1 + (1 - t) n with other n each time, all of them standard normal.
TEST(EditTest, ItGoesBackUnderNewNoiseOfTheRightSize) {
  auto how = edit_settings(4);
  how->size = {64, 64};
  Picture each = edited(how);
  at::Tensor mask = at::zeros({1, 1, 64, 64});
  mask.narrow(3, 32, 32).fill_(1);
  const at::Tensor image = at::full({1, 1, 64, 64}, -0.25);
  each.edit = Edit{image, mask, 1, 3};
  ToTheCondition flow;
  drawn(flow, std::move(each));
  const at::Tensor x1 = mask * 0.5 + (1 - mask) * image;
  at::Tensor before;
  for (size_t i = 0; i < flow.times.size(); ++i) {
    const float t = flow.times[i];
    const at::Tensor noise = (flow.seen[i] - t * x1) / (1 - t);
    EXPECT_NEAR(noise.std().item<float>(), 1, 0.04) << i;
    EXPECT_NEAR(noise.mean().item<float>(), 0, 0.06) << i;
    if (i % 3 != 0) {
      const float alike = (noise * before).mean().item<float>();
      EXPECT_LT(alike, 0.98) << i;  // at later times less is forgotten
    }
    before = noise;
  }
}

TEST(EditTest, WithoutAMaskNoStepIsMadeAgain) {
  Picture each = edited(edit_settings(4));
  each.edit = Edit{ramp(), {}, 0.5, 7};
  ToTheCondition flow;
  drawn(flow, std::move(each));
  EXPECT_EQ(flow.times.size(), 2U);
}

TEST(EditTest, TheStepsThatEndAreThoseOfTheGrid) {
  struct Steps : Observer {
    void stepped(PictureId, const Stepped& step) override { steps.push_back(step.step); }
    std::vector<int64_t> steps;
  };
  for (const auto solver : {SolverKind::euler, SolverKind::heun_reuse, SolverKind::adams}) {
    auto how = edit_settings(5);
    how->sampler.solver = solver;
    Picture each = edited(how);
    each.edit = Edit{ramp(), right_half(), 0.61, 3};
    ToTheCondition flow;
    EngineOptions options;
    options.channels = 1;
    Engine engine(flow, models::Precision::float32, options);
    const auto seen = std::make_shared<Steps>();
    engine.submit(std::move(each), seen);
    while (engine.advance()) {
    }
    EXPECT_EQ(seen->steps, (std::vector<int64_t>{2, 3, 4, 5}));
  }
}

TEST(EditTest, ImpossibleRepetitionsAreRefused) {
  for (const int64_t resample : {0, -1, 101}) {
    Picture each = edited(edit_settings(3));
    each.edit = Edit{ramp(), right_half(), 1, resample};
    ToTheCondition flow;
    EXPECT_NE(thrown<RequestError>([&] { drawn(flow, std::move(each)); }).find("each step"), std::string::npos);
  }
}

// A network of which no place is like another: its velocity at the left edge is 1, elsewhere 0. It notes where the
// brightest pixel was when s was computed, and when it served.
class Edged : public diffusion::Denoiser {
 public:
  static at::Tensor brightest(const at::Tensor& x) { return x.flatten(1).argmax(1).to(at::kFloat); }

  at::Tensor encode(const at::Tensor& x, const at::Tensor&, const at::Tensor&) override { return brightest(x); }
  at::Tensor decode(const at::Tensor& x, const at::Tensor&, const at::Tensor& s, const at::Tensor&) override {
    of_s.push_back(s[0].item<float>());
    EXPECT_EQ(of_s.back(), brightest(x)[0].item<float>());
    at::Tensor v = at::zeros_like(x);
    v.narrow(3, 0, 1).fill_(0.01);
    return v;
  }

  std::vector<float> of_s;
};

at::Tensor with_tile(Edged& edged, Tile tile, int64_t reuse) {
  auto how = edit_settings(24);
  how->tile = tile;
  how->sampler.reuse = reuse;
  return drawn(edged, edited(how, 5));
}

TEST(TileTest, TheEdgeIsSomewhereElseEachTimeAndComesBackToItsPlace) {
  diffusion::ImageNoise noise({5});
  const at::Tensor x0 = noise.draw(1, kSide, kSide);
  Edged none, x, xy;
  const at::Tensor plain = with_tile(none, Tile::none, 1) - x0, tiled = with_tile(x, Tile::x, 1) - x0;
  with_tile(xy, Tile::xy, 1);
  EXPECT_NEAR(plain.select(3, 0).max().item<float>(), 0.01, 1e-5);
  EXPECT_NEAR(plain.select(3, 1).max().item<float>(), 0, 1e-5);
  EXPECT_NEAR(tiled.sum().item<float>(), plain.sum().item<float>(), 1e-4);
  EXPECT_LT(tiled.max().item<float>(), 0.006);
  const std::set<float> columns(x.of_s.begin(), x.of_s.end()), places(xy.of_s.begin(), xy.of_s.end());
  EXPECT_GT(columns.size(), 4U);
  EXPECT_LE(columns.size(), static_cast<size_t>(kSide));  // the row stays
  EXPECT_GT(places.size(), static_cast<size_t>(kSide));
}

TEST(TileTest, WhileSIsReusedTheOffsetStays) {
  Edged edged;
  with_tile(edged, Tile::xy, 4);
  ASSERT_EQ(edged.of_s.size(), 24U);
  for (size_t i = 0; i < 24; ++i) EXPECT_EQ(edged.of_s[i], edged.of_s[i / 4 * 4]);
  EXPECT_GT(std::set<float>(edged.of_s.begin(), edged.of_s.end()).size(), 3U);
}

TEST(TileTest, ItIsDrawnAtOneSize) {
  auto how = edit_settings(3);
  how->tile = Tile::y;
  how->decode_size = PictureSize{16, 16};
  EXPECT_NE(thrown<ConfigError>([&] { how->validate(); }).find("one size"), std::string::npos);
}

TEST(TileTest, WhatIsSeenOfAPictureLiesWhereItIs) {
  struct Seen : Observer {
    void evaluated(PictureId, const Evaluated& each) override { x = each.t == 0 ? each.x : x; }
    at::Tensor x;
  };
  auto how = edit_settings(3);
  how->tile = Tile::xy;
  Edged edged;
  EngineOptions options;
  options.channels = 1;
  Engine engine(edged, models::Precision::float32, options);
  const auto seen = std::make_shared<Seen>();
  engine.submit(edited(how, 9), seen);
  while (engine.advance()) {
  }
  diffusion::ImageNoise noise({9});
  EXPECT_TRUE(at::equal(seen->x, noise.draw(1, kSide, kSide)));
}

}  // namespace
}  // namespace pixnerd::engine
