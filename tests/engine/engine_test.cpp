#include "engine/engine.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "core/errors.h"
#include "core/text.h"
#include "tests/engine/watch.h"

namespace pixnerd::engine {
namespace {

// The straight flow to pictures of one value, the condition: v = (condition - x) / (1 - t). Notes the sizes of what it
// decodes as "rows x height", and fails where the condition is negative.
class Straight : public diffusion::Denoiser {
 public:
  at::Tensor encode(const at::Tensor&, const at::Tensor&, const at::Tensor& condition) override { return condition; }
  at::Tensor decode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& s, const at::Tensor&) override {
    calls.push_back(concat(x.size(0), "x", x.size(2)));
    if (during_call) during_call();
    if (s.min().item<float>() < 0) throw DataError("the condition is negative");
    return (s.view({-1, 1, 1, 1}) - x) / (1 - t).view({-1, 1, 1, 1});
  }

  std::vector<std::string> calls;
  std::function<void()> during_call;
};

std::shared_ptr<SampleConfig> settings(int64_t steps = 4, int64_t side = 4) {
  auto config = std::make_shared<SampleConfig>();
  config->size = {side, side};
  config->sampler.steps = steps;
  return config;
}

Picture picture(double value, uint64_t seed = 0, std::shared_ptr<const SampleConfig> how = settings()) {
  Picture drawn;
  drawn.condition = at::full({1}, value);
  drawn.null_condition = at::full({1}, 0.0);
  drawn.seed = seed;
  drawn.settings = std::move(how);
  return drawn;
}

template <class Thrown>
std::string error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Thrown& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

class EngineTest : public testing::Test {
 protected:
  Engine& engine(int64_t together = 8) {
    EngineOptions options;
    options.channels = 1;
    options.most_together = together;
    return engine_ ? *engine_ : engine_.emplace(denoiser_, models::Precision::float32, options);
  }

  PictureId submit(Picture each) { return engine().submit(std::move(each), watch_); }

  void run() {
    while (engine().advance()) {
    }
  }

  float value_of(PictureId id) const { return watch_->pictures.at(id).mean().item<float>(); }
  int64_t count(const std::string& line) const { return std::count(watch_->log.begin(), watch_->log.end(), line); }

  Straight denoiser_;
  std::optional<Engine> engine_;
  std::shared_ptr<Watch> watch_ = std::make_shared<Watch>();
};

TEST_F(EngineTest, APictureGoesThroughItsEvents) {
  submit(picture(0.5, 0, settings(2)));
  run();
  EXPECT_EQ(watch_->log, (std::vector<std::string>{"queued 1", "started 1", "evaluated 1", "step 1/2 of 1",
                                                   "evaluated 1", "step 2/2 of 1", "done 1"}));
  EXPECT_NEAR(value_of(1), 0.5, 1e-5);
  EXPECT_EQ(engine().size(), 0U);
  EXPECT_FALSE(engine().advance());
}

// The estimate is what the velocity leads to, here the picture itself from the first evaluation on, with every solver.
TEST_F(EngineTest, EveryEvaluationGivesAnEstimateOfThePicture) {
  for (const auto solver :
       {diffusion::SolverKind::euler, diffusion::SolverKind::heun, diffusion::SolverKind::heun_reuse,
        diffusion::SolverKind::adams, diffusion::SolverKind::dpm}) {
    auto how = settings(5);
    how->sampler.solver = solver;
    how->sampler.guidance = 3;
    const PictureId id = submit(picture(0.25, 7, how));
    run();
    ASSERT_FALSE(watch_->estimates[id].empty());
    for (const at::Tensor& estimate : watch_->estimates[id]) EXPECT_NEAR(estimate.mean().item<float>(), 0.75, 1e-4);
  }
}

TEST_F(EngineTest, WhatHasNothingInCommonSharesEvaluations) {
  auto guided = settings(4), heun = settings(6), late = settings(9);
  guided->sampler.guidance = 2;
  heun->sampler.solver = diffusion::SolverKind::heun;
  late->sampler.timeshift = 3;
  submit(picture(0.1, 1, guided));
  submit(picture(0.2, 2, heun));
  engine().advance();
  submit(picture(0.3, 3, late));
  run();
  EXPECT_EQ(denoiser_.calls[0], "3x4");  // two rows are guided
  EXPECT_EQ(denoiser_.calls[1], "4x4");
  EXPECT_EQ(denoiser_.calls.size(), 11U);  // as Heun alone has, 2 n - 1
  EXPECT_NEAR(value_of(1), 0.2, 1e-5);
  EXPECT_NEAR(value_of(2), 0.2, 1e-5);
  EXPECT_NEAR(value_of(3), 0.3, 1e-5);
}

TEST_F(EngineTest, NoMoreShareAnEvaluationThanAreAllowed) {
  engine(3);
  for (int i = 0; i < 8; ++i) submit(picture(0.1 * i, i));
  run();
  for (const std::string& call : denoiser_.calls) EXPECT_LE(call[0], '3');
  EXPECT_EQ(watch_->pictures.size(), 8U);
}

TEST_F(EngineTest, CancelTakesEffectBeforeTheNextEvaluation) {
  const PictureId first = submit(picture(0.1)), second = submit(picture(0.2));
  engine().advance();
  engine().cancel(first);
  engine().advance();
  EXPECT_EQ(denoiser_.calls.back(), "1x4");
  run();
  EXPECT_EQ(count("cancelled 1"), 1);
  EXPECT_EQ(watch_->pictures.count(first), 0U);
  EXPECT_NEAR(value_of(second), 0.2, 1e-5);
  const std::string why = error_of<RequestError>([&] { engine().cancel(first); });
  EXPECT_NE(why.find("cancelled before"), std::string::npos);
  error_of<RequestError>([&] { engine().cancel(second); });
  error_of<RequestError>([&] { engine().cancel(99); });
}

TEST_F(EngineTest, QueuedPicturesAreCancelledWithoutBeginning) {
  const PictureId id = submit(picture(0.1));
  engine().cancel(id);
  EXPECT_EQ(engine().size(), 0U);
  run();
  EXPECT_EQ(watch_->log, (std::vector<std::string>{"queued 1", "cancelled 1"}));
}

// Whoever was told that it is cancelled does not hear that it is done.
TEST_F(EngineTest, CancelledDuringItsLastEvaluationItIsCancelled) {
  const PictureId id = submit(picture(0.1, 0, settings(1)));
  denoiser_.during_call = [&] { engine().cancel(id); };
  run();
  EXPECT_EQ(watch_->log.back(), "cancelled 1");
  EXPECT_EQ(count("done 1"), 0);
  EXPECT_FALSE(engine().advance());
}

TEST_F(EngineTest, AFailingPictureNeverHurtsItsNeighbours) {
  const PictureId bad = submit(picture(-1)), good = submit(picture(0.2)),
                  infinite = submit(picture(std::numeric_limits<double>::infinity()));
  run();
  EXPECT_EQ(watch_->errors.at(bad), "the condition is negative");
  EXPECT_NE(watch_->errors.at(infinite).find("not finite after step 1"), std::string::npos);
  EXPECT_NEAR(value_of(good), 0.2, 1e-5);
  EXPECT_EQ(engine().size(), 0U);
}

TEST_F(EngineTest, WhatAnObserverThrowsFailsItsPictureAlone) {
  struct Thrower : Watch {
    void stepped(PictureId, const Stepped&) override { throw DataError("the disk is full"); }
  };
  const auto thrower = std::make_shared<Thrower>();
  engine().submit(picture(0.1), thrower);
  const PictureId good = submit(picture(0.2));
  run();
  EXPECT_EQ(thrower->errors.at(1), "the disk is full");
  EXPECT_NEAR(value_of(good), 0.2, 1e-5);
}

TEST_F(EngineTest, ImpossibleRequestsAreRefusedAndTheEngineGoesOn) {
  auto none = settings(0);
  error_of<ConfigError>([&] { submit(picture(0.1, 0, none)); });
  Picture edited = picture(0.1);
  edited.edit = Edit{at::zeros({1, 1, 4, 4}), {}, 1.5};
  EXPECT_NE(error_of<RequestError>([&] { submit(std::move(edited)); }).find("strength 1.5"), std::string::npos);
  Picture other_size = picture(0.1);
  other_size.edit = Edit{at::zeros({1, 1, 8, 4}), {}, 1};
  error_of<RequestError>([&] { submit(std::move(other_size)); });
  Picture other_mask = picture(0.1);
  other_mask.edit = Edit{at::zeros({1, 1, 4, 4}), at::zeros({1, 1, 4, 8}), 1};
  EXPECT_NE(error_of<RequestError>([&] { submit(std::move(other_mask)); }).find("the mask has the shape"),
            std::string::npos);
  const PictureId good = submit(picture(0.2));
  run();
  EXPECT_NEAR(value_of(good), 0.2, 1e-5);
}

TEST_F(EngineTest, AfterItWasClosedItEndsWhatItHas) {
  const PictureId id = submit(picture(0.1));
  engine().close();
  EXPECT_NE(error_of<RequestError>([&] { submit(picture(0.2)); }).find("shut down"), std::string::npos);
  EXPECT_TRUE(engine().wait());
  run();
  EXPECT_NEAR(value_of(id), 0.1, 1e-5);
  EXPECT_FALSE(engine().wait());
}

// A large job of large pictures goes on; a small picture is in the next evaluation but one.
TEST_F(EngineTest, ANewPictureWaitsForOneEvaluationOfEachOtherSize) {
  engine(2);
  for (int i = 0; i < 6; ++i) submit(picture(0.1, i, settings(20, 64)));
  for (int i = 0; i < 6; ++i) submit(picture(0.1, i, settings(20, 32)));
  for (int i = 0; i < 5; ++i) engine().advance();
  denoiser_.calls.clear();
  submit(picture(0.2, 0, settings(3, 4)));
  for (int i = 0; i < 3; ++i) engine().advance();
  EXPECT_NE(std::find(denoiser_.calls.begin(), denoiser_.calls.end(), "1x4"), denoiser_.calls.end());
}

// Sizes share the time by what they cost: 64 x 64 pixels cost 16 times 16 x 16.
TEST_F(EngineTest, SizesTakeTurnsByTheirCost) {
  engine(1);
  submit(picture(0.1, 0, settings(1000, 64)));
  submit(picture(0.1, 0, settings(1000, 16)));
  for (int i = 0; i < 170; ++i) engine().advance();
  const auto large = std::count(denoiser_.calls.begin(), denoiser_.calls.end(), "1x64");
  EXPECT_NEAR(static_cast<double>(large), 10, 2);
}

TEST_F(EngineTest, SubmittersTakeTurns) {
  engine(2);
  for (int i = 0; i < 20; ++i) submit(picture(0.1, i, settings(4)));
  engine().advance();
  Picture small = picture(0.2, 0, settings(4));
  small.submitter = 1;
  const PictureId id = submit(std::move(small));
  for (int i = 0; i < 4; ++i) engine().advance();
  EXPECT_NEAR(value_of(id), 0.2, 1e-5);
}

TEST_F(EngineTest, TheSameSubmittersPicturesEndInTheirOrder) {
  engine(3);
  for (int i = 0; i < 10; ++i) submit(picture(0.1, i));
  run();
  std::vector<std::string> done;
  for (const std::string& line : watch_->log) {
    if (line.starts_with("done")) done.push_back(line);
  }
  for (size_t i = 0; i < done.size(); ++i) EXPECT_EQ(done[i], concat("done ", i + 1));
}

// The known part of a picture stays on its straight line with every solver, and the estimate shows it as it is.
TEST_F(EngineTest, WhatTheMaskKeepsComesBack) {
  at::Tensor mask = at::zeros({1, 1, 4, 4});
  mask.narrow(3, 2, 2).fill_(1);
  const at::Tensor image = at::full({1, 1, 4, 4}, -0.75);
  for (const auto solver :
       {diffusion::SolverKind::euler, diffusion::SolverKind::heun, diffusion::SolverKind::heun_reuse,
        diffusion::SolverKind::adams, diffusion::SolverKind::dpm}) {
    const bool is_stochastic = solver != diffusion::SolverKind::adams && solver != diffusion::SolverKind::dpm;
    for (const auto form : {diffusion::Stochastic::none, diffusion::Stochastic::sde}) {
      if (form != diffusion::Stochastic::none && !is_stochastic) continue;
      auto how = settings(6);
      how->sampler.solver = solver;
      how->sampler.stochastic = form;
      Picture each = picture(0.5, 3, how);
      each.edit = Edit{image, mask, 1};
      const PictureId id = submit(std::move(each));
      run();
      const at::Tensor& drawn = watch_->pictures.at(id);
      EXPECT_TRUE(at::allclose(drawn.narrow(3, 0, 2), image.narrow(3, 0, 2), 0, 1e-5)) << static_cast<int>(solver);
      EXPECT_NEAR(drawn.narrow(3, 2, 2).mean().item<float>(), 0.5, is_stochastic ? 0.5 : 1e-4);
      for (const at::Tensor& estimate : watch_->estimates[id]) {
        EXPECT_TRUE(at::allclose(estimate.narrow(3, 0, 2), image.narrow(3, 0, 2), 0, 1e-5));
      }
    }
  }
}

// From strength .5 the flow begins half way, from the picture under half of the noise.
TEST_F(EngineTest, StrengthSaysWhereTheFlowBegins) {
  for (const double strength : {1.0, 0.5, 0.3, 0.05}) {
    Picture each = picture(0.5, 3, settings(10));
    each.edit = Edit{at::full({1, 1, 4, 4}, -0.75), {}, strength};
    std::vector<float> times;
    struct Times : Watch {
      void evaluated(PictureId, const Evaluated& each) override {
        times.push_back(each.t);
        first = first.defined() ? first : each.x;
      }
      void stepped(PictureId, const Stepped& step) override { last_step = step.step; }
      std::vector<float> times;
      at::Tensor first;
      int64_t last_step = 0;
    };
    const auto seen = std::make_shared<Times>();
    engine().submit(std::move(each), seen);
    run();
    EXPECT_NEAR(seen->times.front(), 1 - strength, 1e-6);
    EXPECT_EQ(seen->times.size(), std::max<size_t>(1, static_cast<size_t>(strength * 10 + 0.5)));
    EXPECT_EQ(seen->last_step, 10);
    diffusion::ImageNoise noise({3});
    const at::Tensor x = (1 - strength) * -0.75 + strength * noise.draw(1, 4, 4);
    EXPECT_TRUE(at::allclose(seen->first, x, 0, 1e-5));
  }
}

TEST_F(EngineTest, OthersInTheEvaluationChangeNothing) {
  auto how = settings(5);
  how->sampler.stochastic = diffusion::Stochastic::sde;
  const PictureId alone = submit(picture(0.3, 11, how));
  run();
  const PictureId again = submit(picture(0.3, 11, how));
  for (int i = 0; i < 4; ++i) submit(picture(0.1 * i, i, settings(3 + i)));
  engine().advance();
  const PictureId later = submit(picture(0.3, 11, how));
  run();
  EXPECT_TRUE(at::equal(watch_->pictures.at(alone), watch_->pictures.at(again)));
  EXPECT_TRUE(at::equal(watch_->pictures.at(alone), watch_->pictures.at(later)));
}

}  // namespace
}  // namespace pixnerd::engine
