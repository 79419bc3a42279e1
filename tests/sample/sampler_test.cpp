#include "sample/sampler.h"

#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "core/errors.h"
#include "image/pixels.h"
#include "tests/image/pictures.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::sample {
namespace {

using image::distance;
using image::Image;

class Silent : public Progress {
 public:
  void update(int64_t done, int64_t total, std::string_view) override {
    EXPECT_GE(done, last);
    last = done;
    of = total;
  }
  int64_t last = 0, of = -1;
};

Request request_for(std::vector<int64_t> labels) {
  Request request;
  request.labels = std::move(labels);
  request.seed = 40;
  request.sample = tiny_description().sample;
  return request;
}

std::vector<Image> draw(models::Network& network, const Request& request) {
  std::vector<Image> pictures;
  Silent progress;
  const auto sink = [&](int64_t index, Image picture) {
    EXPECT_EQ(index, static_cast<int64_t>(pictures.size()));
    pictures.push_back(std::move(picture));
  };
  sample_images(network, request, sink, progress);
  EXPECT_EQ(pictures.size(), request.labels.size());
  EXPECT_EQ(progress.last, progress.of);
  EXPECT_EQ(progress.of, static_cast<int64_t>(request.labels.size()) * request.sample.sampler.steps);
  return pictures;
}

class SamplerTest : public testing::Test {
 protected:
  std::string error_of(const Request& request) {
    Silent progress;
    try {
      sample_images(
          *network_, request, [](int64_t, Image) {}, progress);
    } catch (const RequestError& error) {
      return error.what();
    }
    ADD_FAILURE() << "no RequestError was thrown";
    return "";
  }

  std::shared_ptr<models::Network> network_ = random_network(tiny_description().model, 1);
};

TEST_F(SamplerTest, DrawsOnePictureALabelInOrder) {
  const auto pictures = draw(*network_, request_for({0, 2, 1, 2, 2}));
  for (const Image& picture : pictures) {
    EXPECT_EQ(picture.width, 8);
    EXPECT_EQ(picture.height, 12);
  }
}

// A network whose velocity is zero leaves the noise: that of torch.randn under the picture's own seed.
TEST_F(SamplerTest, PictureIHasTheSeedPlusI) {
  for (auto& [name, parameter] : network_->parameters()) {
    if (name.starts_with("final_layer.linear")) parameter.zero_();
  }
  const auto pictures = draw(*network_, request_for({0, 1, 2}));
  for (size_t i = 0; i < pictures.size(); ++i) {
    const at::Tensor noise = at::randn({3, 12, 8}, diffusion::seeded_generator(40 + i), at::kFloat);
    EXPECT_EQ(pictures[i].rgb, image::from_model_range(noise.const_data_ptr<float>(), 8, 12).rgb);
  }
}

TEST_F(SamplerTest, TheBatchSizeChangesNothing) {
  for (const auto solver : {diffusion::SolverKind::euler, diffusion::SolverKind::heun}) {
    Request request = request_for({0, 1, 2, 0, 1});
    request.sample.sampler.solver = solver;
    request.sample.sampler.stochastic = diffusion::Stochastic::sde;
    request.sample.sampler.guidance = 3;
    const auto together = draw(*network_, request);
    for (const int64_t batch : {1, 2, 5}) {
      request.batch_size = batch;
      const auto apart = draw(*network_, request);
      for (size_t i = 0; i < together.size(); ++i) EXPECT_LE(distance(together[i], apart[i]), 1);
    }
  }
}

TEST_F(SamplerTest, ThePictureDependsOnClassSeedAndGuidance) {
  Request request = request_for({0});
  const Image first = draw(*network_, request)[0];
  EXPECT_EQ(distance(first, draw(*network_, request)[0]), 0);
  request.labels = {1};
  EXPECT_GT(distance(first, draw(*network_, request)[0]), 0);
  request.labels = {0};
  request.sample.sampler.guidance = 4;
  EXPECT_GT(distance(first, draw(*network_, request)[0]), 0);
  request.sample.sampler.guidance = 1;
  request.seed = 41;
  EXPECT_GT(distance(first, draw(*network_, request)[0]), 0);
}

TEST_F(SamplerTest, StylesTakeTurnsUnlessTheyAreGiven) {
  models::ModelConfig config = models::tiny_config();
  config.num_styles = 2;
  network_ = models::random_network(config, 1);
  Request request = request_for({0, 0, 0});
  const std::vector<Image> in_turn = draw(*network_, request);
  request.styles = {0, 1, 0};
  EXPECT_EQ(draw(*network_, request)[1].rgb, in_turn[1].rgb);
  request.styles = {1, 0, 2};  // 2: none of them
  const std::vector<Image> others = draw(*network_, request);
  for (size_t i = 0; i < 3; ++i) EXPECT_NE(others[i].rgb, in_turn[i].rgb) << i;
}

TEST_F(SamplerTest, ImpossibleStylesAreRefused) {
  Request request = request_for({0, 1});
  request.styles = {0, 0};
  EXPECT_NE(error_of(request).find("knows no styles"), std::string::npos);
  models::ModelConfig config = models::tiny_config();
  config.num_styles = 2;
  network_ = models::random_network(config, 1);
  request.styles = {0, 3};
  EXPECT_NE(error_of(request).find("no style 3"), std::string::npos);
  request.styles = {0};
  EXPECT_NE(error_of(request).find("1 styles for 2 pictures"), std::string::npos);
}

TEST_F(SamplerTest, FramesEndInThePicture) {
  Request request = request_for({0, 1, 2});
  request.batch_size = 2;
  std::map<int64_t, std::vector<Image>> frames;
  std::vector<Image> pictures;
  Silent progress;
  sample_images(
      *network_, request, [&](int64_t, Image picture) { pictures.push_back(std::move(picture)); }, progress,
      [&](int64_t index, int64_t step, Image frame) {
        EXPECT_EQ(step, static_cast<int64_t>(frames[index].size()));
        frames[index].push_back(std::move(frame));
      });
  ASSERT_EQ(frames.size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    ASSERT_EQ(frames[static_cast<int64_t>(i)].size(), 4U);
    EXPECT_EQ(frames[static_cast<int64_t>(i)].back().rgb, pictures[i].rgb);
    EXPECT_NE(frames[static_cast<int64_t>(i)].front().rgb, pictures[i].rgb);
  }
}

TEST_F(SamplerTest, OtherSizesAndTheNullClassAreDrawn) {
  Request request = request_for({3});
  request.sample.size = {16, 4};
  EXPECT_EQ(draw(*network_, request)[0].width, 16);
}

TEST_F(SamplerTest, Bfloat16StaysNearFloat32) {
  Request request = request_for({0, 1});
  const auto exact = draw(*network_, request);
  request.precision = models::Precision::bfloat16;
  network_->to(at::kCPU, models::weight_type(request.precision));
  const auto rounded = draw(*network_, request);
  for (size_t i = 0; i < exact.size(); ++i) EXPECT_LE(distance(exact[i], rounded[i]), 8);
}

TEST_F(SamplerTest, LeavesNoTraceInTheNetwork) {
  network_->set_requires_grad(true);
  draw(*network_, request_for({0}));
  const at::Tensor x = at::randn({1, 3, 12, 8}, diffusion::seeded_generator(1), at::kFloat);
  const at::Tensor t = x.new_full({1}, 0.5);
  const at::Tensor y = t.to(at::kLong);
  network_->velocity(x, t, y).sum().backward();  // would fail on tables made for inference alone
  EXPECT_TRUE(network_->parameters()[0].second.grad().defined());
}

TEST_F(SamplerTest, ImpossibleRequestsAreRefused) {
  EXPECT_NE(error_of(request_for({})).find("class"), std::string::npos);
  EXPECT_NE(error_of(request_for({0, 4})).find("there is no class 4"), std::string::npos);
  EXPECT_NE(error_of(request_for({-1})).find("there is no class -1"), std::string::npos);
  Request request = request_for({0});
  request.sample.size = {10, 12};
  EXPECT_NE(error_of(request).find("10x12"), std::string::npos);
  request = request_for({0});
  request.batch_size = 0;
  EXPECT_NE(error_of(request).find("batch"), std::string::npos);
}

// As in torch.Generator().manual_seed(), whose noise on the CPU depends on the low 32 bits alone.
TEST_F(SamplerTest, SeedsHave64Bits) {
  Request request = request_for({0, 0});
  request.seed = ~uint64_t{0};  // -1; the second picture's is 0
  const auto found = draw(*network_, request);
  request.seeds = {0xFFFFFFFF, 0};
  const auto expected = draw(*network_, request);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(found[i].rgb, expected[i].rgb) << i;
}

// Callers that are no files or flags meet the same limits, before anything is allocated.
TEST_F(SamplerTest, NumbersBeyondTheirLimitsAreRefused) {
  const auto refusal = [&](const std::function<void(Request&)>& change) {
    Request request = request_for({0});
    change(request);
    try {
      check(*network_, request);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  for (const int64_t steps : {int64_t{0}, diffusion::kMostSteps + 1, std::numeric_limits<int64_t>::max()}) {
    EXPECT_NE(refusal([&](Request& request) { request.sample.sampler.steps = steps; }).find("steps"),
              std::string::npos);
  }
  EXPECT_NE(refusal([](Request& request) { request.batch_size = diffusion::kLargestBatch + 1; }).find("batch"),
            std::string::npos);
  EXPECT_NE(refusal([](Request& request) {
              request.sample.size = {8, int64_t{1} << 40};
            }).find("side"),
            std::string::npos);
  EXPECT_NE(refusal([](Request& request) {
              request.sample.decode_size = {{16, int64_t{1} << 40}};
            }).find("side"),
            std::string::npos);
  EXPECT_NE(refusal([](Request& request) { request.sample.sampler.reuse = 0; }).find("reuse"), std::string::npos);
}

TEST_F(SamplerTest, APreparedNetworkDrawsInItsPrecisionAlone) {
  network_->prepare_for_inference(at::kCPU, at::kFloat);
  Request request = request_for({0});
  EXPECT_EQ(draw(*network_, request).size(), 1U);
  request.precision = models::Precision::bfloat16;
  EXPECT_NE(error_of(request).find("prepared for float32"), std::string::npos);
}

TEST_F(SamplerTest, SettingsThatDoNotGoTogetherAreRefused) {
  Request request = request_for({0});
  request.sample.sampler.solver = diffusion::SolverKind::adams;
  request.sample.sampler.stochastic = diffusion::Stochastic::sde;
  Silent progress;
  EXPECT_THROW(sample_images(
                   *network_, request, [](int64_t, Image) {}, progress),
               Error);
}

TEST_F(SamplerTest, OtherChannelsThanThreeAreRefused) {
  models::ModelConfig config = tiny_description().model;
  config.in_channels = 4;
  network_ = random_network(config, 1);
  EXPECT_NE(error_of(request_for({0})).find("4 channels"), std::string::npos);
}

TEST_F(SamplerTest, PicturesThatAreNotFiniteAreNamed) {
  for (auto& [name, parameter] : network_->parameters()) {
    if (name != "y_embedder.embedding_table.weight") continue;
    parameter.select(0, 1).fill_(std::numeric_limits<float>::quiet_NaN());  // class 1 alone
  }
  const std::string message = error_of(request_for({0, 2, 1, 0}));
  EXPECT_NE(message.find("picture 2"), std::string::npos) << message;
  EXPECT_NE(message.find("step 1"), std::string::npos) << message;
}

}  // namespace
}  // namespace pixnerd::sample
