// Pictures of texts, and pictures of two sizes.
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "core/errors.h"
#include "sample/condition.h"
#include "tests/core/thrown.h"
#include "tests/image/pictures.h"
#include "tests/sample/drawn.h"

namespace pixnerd::sample {
namespace {

using image::distance;
using image::Image;

class TextDrawing : public testing::Test {
 protected:
  TextDrawing() {
    at::Generator generator = diffusion::seeded_generator(5);
    states_ = at::randn({4, config_.txt_max_length, config_.txt_embed_dim}, generator);
    sample_.size = {8, 12};
    sample_.sampler.steps = 4;
    sample_.sampler.guidance = 3.0;
  }

  DrawSettings settings(const at::Tensor& states) const {
    DrawSettings settings;
    settings.states = states_by_text({"a fox", "an owl", "blurred", ""}, states);
    return settings;
  }

  std::vector<Image> drawn_now(const std::vector<PictureRequest>& pictures) {
    return drawn(*network_, pictures, settings(states_));
  }

  // A fox, an owl and another fox, led away from what is blurred.
  std::vector<PictureRequest> three() const {
    const auto shared = std::make_shared<const SampleConfig>(sample_);
    std::vector<PictureRequest> pictures;
    for (const auto& [prompt, seed] : {std::pair("a fox", 9), {"an owl", 9}, {"a fox", 4}}) {
      PictureRequest& picture = pictures.emplace_back();
      picture.prompt = prompt;
      picture.negative_prompt = "blurred";
      picture.seed = static_cast<uint64_t>(seed);
      picture.settings = shared;
    }
    return pictures;
  }

  models::ModelConfig config_ = models::tiny_text_config(models::ModelType::t2i);
  std::shared_ptr<models::Network> network_ = random_network(config_, 1);
  at::Tensor states_;
  SampleConfig sample_;
};

TEST_F(TextDrawing, PicturesAreThoseOfTheirTextsAndSeeds) {
  auto requests = three();
  const auto pictures = drawn_now(requests);
  EXPECT_GT(distance(pictures[0], pictures[1]), 0);  // another text
  EXPECT_GT(distance(pictures[0], pictures[2]), 0);  // another seed
  requests[2].seed = 9;
  EXPECT_EQ(distance(drawn_now(requests)[2], pictures[0]), 0);
  requests[0].negative_prompt = "an owl";
  EXPECT_GT(distance(drawn_now(requests)[0], pictures[0]), 0);
  sample_.sampler.guidance = 1.0;
  requests = three();
  const auto unguided = drawn_now(requests);
  requests[0].negative_prompt = "an owl";
  EXPECT_EQ(distance(drawn_now(requests)[0], unguided[0]), 0);
}

TEST_F(TextDrawing, WhatDoesNotFitTheNetworkIsRefused) {
  const auto message = [&](const std::function<void(PictureRequest&)>& change) {
    auto requests = three();
    change(requests[1]);
    return thrown<RequestError>([&] { check(network_->config(), requests); });
  };
  EXPECT_NE(message([](PictureRequest& each) { each.prompt.reset(); }).find("prompts"), std::string::npos);
  EXPECT_NE(message([](PictureRequest& each) { each.label = 1; }).find("prompts"), std::string::npos);
  const auto classes = random_network(models::tiny_config(), 1);
  EXPECT_NE(thrown<RequestError>([&] { check(classes->config(), three()); }).find("classes"), std::string::npos);
}

TEST_F(TextDrawing, StatesThatDoNotFitTheNetworkAreRefused) {
  Count progress;
  const auto narrow = settings(states_.narrow(2, 0, 4));
  const std::string message = thrown<RequestError>([&] { Drawing(*network_, three(), narrow).next(progress); });
  EXPECT_NE(message.find("[1, 5, 4]"), std::string::npos) << message;
  EXPECT_NE(message.find("[1, 5, 6]"), std::string::npos) << message;
  PictureRequest unknown = three().front();
  unknown.prompt = "a text that was never encoded";
  EXPECT_THROW(Drawing(*network_, {unknown}, settings(states_)).next(progress), std::out_of_range);
}

TEST_F(TextDrawing, GoOnAtALargerSizeWithTheSameTokens) {
  sample_.decode_size = {{16, 36}};
  for (const double time : {0.0, 0.4, 0.5, 0.9}) {
    sample_.decode_time = time;
    const auto large = drawn_now(three());
    EXPECT_EQ(large[0].width, 16) << time;
    EXPECT_EQ(large[0].height, 36);
    EXPECT_EQ(distance(large[0], drawn_now(three())[0]), 0);
  }
  sample_.decode_size = {{16, 35}};
  EXPECT_THROW(check(network_->config(), three()), RequestError);
}

// What a straight flow leads to does not depend on when the size changes: the image, resized.
TEST(TwoSizes, AStraightFlowArrivesAtTheResizedImage) {
  models::ModelConfig config = models::tiny_config();
  config.prediction = models::Prediction::image;
  const auto network = fresh_network(config, 1);  // the final layer is zero: every image is grey
  SampleConfig settings;
  settings.size = {8, 8};
  settings.sampler.steps = 40;
  settings.decode_size = {{24, 16}};
  for (const double time : {0.0, 0.3, 0.8}) {
    settings.decode_time = time;
    for (const Image& picture : drawn(*network, requests_for({0, 1}, settings))) {
      EXPECT_EQ(picture.width, 24);
      for (const uint8_t level : picture.rgb) EXPECT_NEAR(level, 128, 30);
    }
  }
}

}  // namespace
}  // namespace pixnerd::sample
