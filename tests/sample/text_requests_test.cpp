// Texts, seeds of their own, and pictures of two sizes.
#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "core/errors.h"
#include "sample/condition.h"
#include "sample/sampler.h"
#include "tests/core/thrown.h"
#include "tests/image/pictures.h"
#include "tests/models/tiny.h"

namespace pixnerd::sample {
namespace {

using image::distance;
using image::Image;

class Quiet : public Progress {
 public:
  void update(int64_t, int64_t, std::string_view) override {}
};

std::vector<Image> draw(models::Network& network, const Request& request) {
  std::vector<Image> pictures;
  Quiet progress;
  sample_images(
      network, request, [&](int64_t, Image picture) { pictures.push_back(std::move(picture)); }, progress);
  return pictures;
}

// Three texts; picture i shows texts 0, 1, 0, and is led away from the last.
Request text_request(const models::ModelConfig& config) {
  Request request;
  at::Generator generator = diffusion::seeded_generator(5);
  request.texts =
      TextConditions{at::randn({3, config.txt_max_length, config.txt_embed_dim}, generator), {0, 1, 0}, {2, 2, 2}};
  request.seeds = {9, 9, 4};
  request.sample.size = {8, 12};
  request.sample.sampler.steps = 4;
  request.sample.sampler.guidance = 3.0;
  return request;
}

class TextRequests : public testing::Test {
 protected:
  models::ModelConfig config_ = models::tiny_text_config(models::ModelType::t2i);
  std::shared_ptr<models::Network> network_ = random_network(config_, 1);
};

TEST_F(TextRequests, PicturesAreThoseOfTheirTextsAndSeeds) {
  Request request = text_request(config_);
  const auto pictures = draw(*network_, request);
  ASSERT_EQ(pictures.size(), 3U);
  EXPECT_GT(distance(pictures[0], pictures[1]), 0);  // another text
  EXPECT_GT(distance(pictures[0], pictures[2]), 0);  // another seed
  request.seeds = {9, 9, 9};
  EXPECT_LE(distance(draw(*network_, request)[2], pictures[0]), 1);
  request.texts->null_rows = {1, 2, 2};
  EXPECT_GT(distance(draw(*network_, request)[0], pictures[0]), 0);
  request.sample.sampler.guidance = 1.0;
  const auto unguided = draw(*network_, request);
  request.texts->null_rows = {2, 2, 2};
  EXPECT_LE(distance(draw(*network_, request)[0], unguided[0]), 0);
}

TEST_F(TextRequests, WhatDoesNotFitTheNetworkIsRefused) {
  const auto message = [&](const std::function<void(Request&)>& change) {
    Request request = text_request(config_);
    change(request);
    return thrown<RequestError>([&] { check(*network_, request); });
  };
  EXPECT_NE(message([](Request& r) { r.texts->rows = {}; }).find("prompt"), std::string::npos);
  EXPECT_NE(message([](Request& r) { r.texts->rows[1] = 3; }).find("no text 3"), std::string::npos);
  EXPECT_NE(message([](Request& r) { r.texts->null_rows.pop_back(); }).find("2 texts for 3"), std::string::npos);
  EXPECT_NE(message([](Request& r) { r.texts->states = r.texts->states.narrow(2, 0, 4); }).find("[3, 5, 4]"),
            std::string::npos);
  EXPECT_NE(message([](Request& r) { r.seeds.pop_back(); }).find("2 seeds for 3"), std::string::npos);
  EXPECT_NE(message([](Request& r) { r.texts.reset(); }).find("prompts"), std::string::npos);
  const auto classes = random_network(models::tiny_config(), 1);
  EXPECT_NE(thrown<RequestError>([&] { check(*classes, text_request(config_)); }).find("classes"), std::string::npos);
}

TEST_F(TextRequests, GoOnAtALargerSizeWithTheSameTokens) {
  Request request = text_request(config_);
  const auto small = draw(*network_, request);
  request.sample.decode_size = {{16, 36}};
  for (const double time : {0.0, 0.4, 0.5, 0.9}) {
    request.sample.decode_time = time;
    const auto large = draw(*network_, request);
    EXPECT_EQ(large[0].width, 16) << time;
    EXPECT_EQ(large[0].height, 36);
    EXPECT_EQ(distance(large[0], draw(*network_, request)[0]), 0);
  }
  request.sample.decode_size = {{16, 35}};
  EXPECT_THROW(check(*network_, request), RequestError);
}

// What a straight flow leads to does not depend on when the size changes: the image, resized.
TEST(TwoSizes, AStraightFlowArrivesAtTheResizedImage) {
  models::ModelConfig config = models::tiny_config();
  config.prediction = models::Prediction::image;
  const auto network = fresh_network(config, 1);  // the final layer is zero: every image is grey
  Request request;
  request.labels = {0, 1};
  request.sample.size = {8, 8};
  request.sample.sampler.steps = 40;
  request.sample.decode_size = {{24, 16}};
  for (const double time : {0.0, 0.3, 0.8}) {
    request.sample.decode_time = time;
    for (const Image& picture : draw(*network, request)) {
      EXPECT_EQ(picture.width, 24);
      for (const uint8_t level : picture.rgb) EXPECT_NEAR(level, 128, 30);
    }
  }
}

}  // namespace
}  // namespace pixnerd::sample
