#include "sample/drawing.h"

#include <ATen/Parallel.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "core/errors.h"
#include "image/pixels.h"
#include "tests/core/thrown.h"
#include "tests/image/pictures.h"
#include "tests/sample/drawn.h"

namespace pixnerd::sample {
namespace {

using image::distance;
using image::Image;

class DrawingTest : public testing::Test {
 protected:
  std::string error_of(const std::vector<PictureRequest>& pictures, const DrawSettings& settings = {}) {
    Count progress;
    return thrown<RequestError>([&] {
      draw(
          *network_, pictures, settings, [](int64_t, Image) {}, progress);
    });
  }

  void use_styles() {
    models::ModelConfig config = models::tiny_config();
    config.num_styles = 2;
    network_ = models::random_network(config, 1);
  }

  SampleConfig settings_ = tiny_description().sample;
  std::shared_ptr<models::Network> network_ = random_network(tiny_description().model, 1);
};

TEST_F(DrawingTest, GivesOnePictureARequestInOrder) {
  Drawing drawing(*network_, requests_for({0, 2, 1, 2, 2}), {});
  Count progress;
  for (int64_t i = 0; i < 5; ++i) {
    const std::optional<Drawn> next = drawing.next(progress);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->index, i);
    EXPECT_EQ(next->image.width, 8);
    EXPECT_EQ(next->image.height, 12);
  }
  EXPECT_FALSE(drawing.next(progress));
  EXPECT_EQ(progress.done, 20);
  EXPECT_EQ(progress.total, 20);
}

// Of one size they come in order, however many steps each takes.
TEST_F(DrawingTest, QuickPicturesDoNotOvertakeThoseOfTheirSize) {
  std::vector<PictureRequest> pictures;
  for (const int64_t steps : {9, 1, 4, 1, 7, 1}) {
    settings_.sampler.steps = steps;
    settings_.size = {8, pictures.size() % 3 == 2 ? 8 : 12};
    pictures.push_back(requests_for({1}, settings_).front());
  }
  std::map<int, std::vector<int64_t>> by_height;
  Count progress;
  draw(
      *network_, pictures, {}, [&](int64_t index, const Image& image) { by_height[image.height].push_back(index); },
      progress);
  EXPECT_EQ(by_height[12], (std::vector<int64_t>{0, 1, 3, 4}));
  EXPECT_EQ(by_height[8], (std::vector<int64_t>{2, 5}));
}

// A network whose velocity is zero leaves the noise: that of torch.randn under the picture's own seed.
TEST_F(DrawingTest, TheNoiseIsThatOfThePicturesSeed) {
  for (auto& [name, parameter] : network_->parameters()) {
    if (name.starts_with("final_layer.linear")) parameter.zero_();
  }
  const auto pictures = drawn(*network_, requests_for({0, 1, 2}));
  for (size_t i = 0; i < pictures.size(); ++i) {
    const at::Tensor noise = at::randn({3, 12, 8}, diffusion::seeded_generator(40 + i), at::kFloat);
    EXPECT_EQ(pictures[i].rgb, image::from_model_range(noise.const_data_ptr<float>(), 8, 12).rgb);
  }
}

// To the byte, where the network is prepared, as the program has it, and on any number of threads.
TEST_F(DrawingTest, HowManyShareAnEvaluationChangesNothing) {
  network_->prepare_for_inference(at::kCPU, at::kFloat);
  const int threads_before = at::get_num_threads();
  for (const auto solver : {diffusion::SolverKind::euler, diffusion::SolverKind::heun}) {
    settings_.sampler.solver = solver;
    settings_.sampler.stochastic = diffusion::Stochastic::sde;
    settings_.sampler.guidance = 3;
    const auto requests = requests_for({0, 1, 2, 0, 1}, settings_);
    const auto together = drawn(*network_, requests);
    for (const int threads : {1, 2}) {
      at::set_num_threads(threads);
      for (const int64_t batch : {1, 2, 5}) {
        const auto apart = drawn(*network_, requests, {.batch = batch});
        for (size_t i = 0; i < together.size(); ++i) EXPECT_EQ(together[i].rgb, apart[i].rgb) << batch;
      }
    }
    at::set_num_threads(threads_before);
    EXPECT_EQ(drawn(*network_, {requests[3]}).front().rgb, together[3].rgb);
  }
}

TEST_F(DrawingTest, ThePictureDependsOnClassSeedAndGuidance) {
  std::vector<PictureRequest> request = requests_for({0});
  const Image first = drawn(*network_, request)[0];
  EXPECT_EQ(distance(first, drawn(*network_, request)[0]), 0);
  EXPECT_GT(distance(first, drawn(*network_, requests_for({1}))[0]), 0);
  settings_.sampler.guidance = 4;
  EXPECT_GT(distance(first, drawn(*network_, requests_for({0}, settings_))[0]), 0);
  request[0].seed = 41;
  EXPECT_GT(distance(first, drawn(*network_, request)[0]), 0);
}

TEST_F(DrawingTest, ThePictureDependsOnTheStyle) {
  use_styles();
  std::vector<PictureRequest> pictures = requests_for({0, 0, 0, 0});
  for (PictureRequest& picture : pictures) picture.seed = 40;
  pictures[0].style = 0;
  pictures[1].style = 1;
  pictures[2].style = 2;  // none of them, as where nothing is said
  const std::vector<Image> images = drawn(*network_, pictures);
  EXPECT_NE(images[0].rgb, images[1].rgb);
  EXPECT_NE(images[0].rgb, images[2].rgb);
  EXPECT_NE(images[1].rgb, images[2].rgb);
  EXPECT_EQ(images[2].rgb, images[3].rgb);
}

TEST_F(DrawingTest, ImpossibleStylesAreRefused) {
  std::vector<PictureRequest> pictures = requests_for({0, 1});
  pictures[1].style = 0;
  EXPECT_NE(error_of(pictures).find("knows no styles"), std::string::npos);
  use_styles();
  pictures[1].style = 3;
  EXPECT_NE(error_of(pictures).find("no style 3"), std::string::npos);
  pictures[1].style = -1;
  EXPECT_NE(error_of(pictures).find("no style -1"), std::string::npos);
}

TEST_F(DrawingTest, FramesEndInThePicture) {
  std::map<int64_t, std::vector<Image>> frames;
  std::vector<Image> pictures;
  Count progress;
  draw(
      *network_, requests_for({0, 1, 2}), {.batch = 2},
      [&](int64_t, Image picture) { pictures.push_back(std::move(picture)); }, progress,
      [&](int64_t index, int64_t step, const Image& frame) {
        EXPECT_EQ(step, static_cast<int64_t>(frames[index].size()));
        frames[index].push_back(frame);
      });
  ASSERT_EQ(frames.size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    ASSERT_EQ(frames[static_cast<int64_t>(i)].size(), 4U);
    EXPECT_EQ(frames[static_cast<int64_t>(i)].back().rgb, pictures[i].rgb);
    EXPECT_NE(frames[static_cast<int64_t>(i)].front().rgb, pictures[i].rgb);
  }
}

// Whoever draws many pictures can stop at any step, and what the sink throws is passed on.
TEST_F(DrawingTest, WhatProgressAndSinkThrowEndsTheWork) {
  struct Stop {};
  struct Stopping : Progress {
    void update(int64_t done, int64_t, std::string_view) override {
      if (done >= 3) throw Stop{};
    }
  } stopping;
  int64_t pictures = 0;
  const auto count = [&](int64_t, Image) { ++pictures; };
  EXPECT_THROW(draw(*network_, requests_for({0, 1, 2}), {.batch = 1}, count, stopping), Stop);
  EXPECT_EQ(pictures, 0);
  Count progress;
  const auto refuse = [](int64_t, const Image&) { throw DataError("the disk is full"); };
  EXPECT_THROW(draw(*network_, requests_for({0, 1, 2}), {}, refuse, progress), DataError);
}

TEST_F(DrawingTest, OtherSizesAndTheNullClassAreDrawn) {
  settings_.size = {16, 4};
  EXPECT_EQ(drawn(*network_, requests_for({3}, settings_))[0].width, 16);
}

TEST_F(DrawingTest, Bfloat16StaysNearFloat32) {
  const auto exact = drawn(*network_, requests_for({0, 1}));
  network_->to(at::kCPU, models::weight_type(models::Precision::bfloat16));
  const auto rounded = drawn(*network_, requests_for({0, 1}), {models::Precision::bfloat16});
  for (size_t i = 0; i < exact.size(); ++i) EXPECT_LE(distance(exact[i], rounded[i]), 8);
}

TEST_F(DrawingTest, LeavesNoTraceInTheNetwork) {
  network_->set_requires_grad(true);
  drawn(*network_, requests_for({0}));
  const at::Tensor x = at::randn({1, 3, 12, 8}, diffusion::seeded_generator(1), at::kFloat);
  const at::Tensor t = x.new_full({1}, 0.5);
  const at::Tensor y = t.to(at::kLong);
  network_->velocity(x, t, y).sum().backward();  // would fail on tables made for inference alone
  EXPECT_TRUE(network_->parameters()[0].second.grad().defined());
}

TEST_F(DrawingTest, ImpossibleRequestsAreRefused) {
  EXPECT_NE(error_of({}).find("class"), std::string::npos);
  EXPECT_NE(error_of(requests_for({0, 4})).find("there is no class 4"), std::string::npos);
  EXPECT_NE(error_of(requests_for({-1})).find("there is no class -1"), std::string::npos);
  PictureRequest of_nothing = requests_for({0}).front();
  of_nothing.label.reset();
  EXPECT_NE(error_of({of_nothing}).find("name a class"), std::string::npos);
  for (const int64_t batch : {int64_t{-1}, diffusion::kLargestBatch + 1}) {
    EXPECT_NE(error_of(requests_for({0}), {.batch = batch}).find("batch"), std::string::npos) << batch;
  }
  settings_.size = {10, 12};
  EXPECT_NE(error_of(requests_for({0}, settings_)).find("10x12"), std::string::npos);
}

// As in torch.Generator().manual_seed(), whose noise on the CPU depends on the low 32 bits alone.
TEST_F(DrawingTest, SeedsHave64Bits) {
  const auto counted = requests_of({0, 0}, {}, 2, ClassOrder::runs, ~uint64_t{0}, settings_);
  EXPECT_EQ(counted[1].seed, 0U);  // the first is -1
  std::vector<PictureRequest> pictures = requests_for({0, 0});
  pictures[0].seed = 0xFFFFFFFF;
  pictures[1].seed = 0;
  const auto found = drawn(*network_, counted), expected = drawn(*network_, pictures);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(found[i].rgb, expected[i].rgb) << i;
}

// Callers that are no files or flags meet the same limits, before anything is allocated.
TEST_F(DrawingTest, NumbersBeyondTheirLimitsAreRefused) {
  const auto refusal = [&](const std::function<void(SampleConfig&)>& change) {
    SampleConfig settings = settings_;
    change(settings);
    return thrown<Error>([&] { check(network_->config(), requests_for({0}, settings)); });
  };
  for (const int64_t steps : {int64_t{0}, diffusion::kMostSteps + 1, std::numeric_limits<int64_t>::max()}) {
    EXPECT_NE(refusal([&](SampleConfig& settings) { settings.sampler.steps = steps; }).find("steps"),
              std::string::npos);
  }
  EXPECT_NE(refusal([](SampleConfig& settings) {
              settings.size = {8, int64_t{1} << 40};
            }).find("side"),
            std::string::npos);
  EXPECT_NE(refusal([](SampleConfig& settings) {
              settings.decode_size = {{16, int64_t{1} << 40}};
            }).find("side"),
            std::string::npos);
  EXPECT_NE(refusal([](SampleConfig& settings) { settings.sampler.reuse = 0; }).find("reuse"), std::string::npos);
}

TEST_F(DrawingTest, APreparedNetworkDrawsInItsPrecisionAlone) {
  network_->prepare_for_inference(at::kCPU, at::kFloat);
  EXPECT_EQ(drawn(*network_, requests_for({0})).size(), 1U);
  EXPECT_NE(error_of(requests_for({0}), {models::Precision::bfloat16}).find("prepared for float32"), std::string::npos);
}

TEST_F(DrawingTest, SettingsThatDoNotGoTogetherAreRefused) {
  settings_.sampler.solver = diffusion::SolverKind::adams;
  settings_.sampler.stochastic = diffusion::Stochastic::sde;
  EXPECT_THROW(Drawing(*network_, requests_for({0}, settings_), {}), ConfigError);
}

TEST_F(DrawingTest, OtherChannelsThanThreeAreRefused) {
  models::ModelConfig config = tiny_description().model;
  config.in_channels = 4;
  network_ = random_network(config, 1);
  EXPECT_NE(error_of(requests_for({0})).find("4 channels"), std::string::npos);
}

TEST_F(DrawingTest, PicturesThatAreNotFiniteAreNamed) {
  for (auto& [name, parameter] : network_->parameters()) {
    if (name != "y_embedder.embedding_table.weight") continue;
    parameter.select(0, 1).fill_(std::numeric_limits<float>::quiet_NaN());  // class 1 alone
  }
  const std::string message = error_of(requests_for({0, 2, 1, 0}));
  EXPECT_NE(message.find("picture 2"), std::string::npos) << message;
  EXPECT_NE(message.find("step 1"), std::string::npos) << message;
}

// Neither memory for all of them nor their work is taken before they are wanted.
TEST_F(DrawingTest, ManyPicturesAreDrawnAsTheyAreAskedFor) {
  std::vector<PictureRequest> pictures = requests_of({0, 1}, {}, 100'000, ClassOrder::turns, 0, settings_);
  Drawing drawing(*network_, std::move(pictures), {.batch = 2});
  Count progress;
  EXPECT_EQ(drawing.next(progress)->index, 0);
  EXPECT_LE(progress.done, 16);
  EXPECT_EQ(progress.total, 400'000);
}

// Those that wait for a slow one of their size are few.
TEST_F(DrawingTest, ASlowPictureHoldsBackFewOthers) {
  settings_.sampler.steps = 300;
  std::vector<PictureRequest> pictures = requests_for({0}, settings_);
  settings_.sampler.steps = 1;
  for (const PictureRequest& quick : requests_for(std::vector<int64_t>(1000, 1), settings_)) pictures.push_back(quick);
  Drawing drawing(*network_, std::move(pictures), {.batch = 2});
  Count progress;
  EXPECT_EQ(drawing.next(progress)->index, 0);
  EXPECT_LE(progress.done, 300 + 20);
  for (int64_t i = 1; i <= 30; ++i) EXPECT_EQ(drawing.next(progress)->index, i);
}

}  // namespace
}  // namespace pixnerd::sample
