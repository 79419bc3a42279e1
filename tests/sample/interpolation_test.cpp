#include "sample/interpolation.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/errors.h"
#include "sample/condition.h"
#include "sample/drawing.h"
#include "sample/requests.h"
#include "tests/core/thrown.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::sample {
namespace {

using image::Image;

class BetweenTest : public testing::Test {
 protected:
  BetweenTest() { network_->set_mode(models::Mode::infer); }

  std::vector<Image> drawn(std::vector<PictureRequest> pictures) {
    NoProgress progress;
    std::vector<Image> images(pictures.size());
    sample::draw(
        *network_, std::move(pictures), {},
        [&](int64_t i, Image image) { images[static_cast<size_t>(i)] = std::move(image); }, progress);
    return images;
  }

  std::vector<PictureRequest> two() const {
    return requests_of({0, 2}, {}, 2, ClassOrder::runs, 5, description_.sample);
  }

  ModelDescription description_ = tiny_description();
  std::shared_ptr<models::Network> network_ = models::random_network(description_.model, 1);
};

TEST_F(BetweenTest, ARowLeadsFromOneToTheOther) {
  std::vector<PictureRequest> ends = two();
  std::vector<PictureRequest> row = row_between(ends, 5);
  ASSERT_EQ(row.size(), 5U);
  for (const PictureRequest& each : row) EXPECT_EQ(each.seed, 5U);
  EXPECT_EQ(row[2].mixture->share, 0.5);
  ends[1].seed = 5;
  row.push_back(ends[1]);
  row.push_back(ends[0]);
  // A share of nothing is the picture itself.
  row.push_back(row[1]);
  row.back().mixture->share = 0;
  row.push_back(row[1]);
  row.back().mixture->share = 1;
  const std::vector<Image> images = drawn(row);
  EXPECT_EQ(images[0].rgb, images[6].rgb);
  EXPECT_EQ(images[4].rgb, images[5].rgb);
  EXPECT_EQ(images[7].rgb, images[0].rgb);
  EXPECT_EQ(images[8].rgb, images[4].rgb);
  const auto change = [&](size_t a, size_t b) {
    double sum = 0;
    for (size_t i = 0; i < images[a].rgb.size(); ++i) sum += std::abs(images[a].rgb[i] - images[b].rgb[i]);
    return sum;
  };
  EXPECT_GT(change(0, 4), 0);
  EXPECT_LT(change(0, 1), change(0, 3));
  EXPECT_LT(change(3, 4), change(1, 4));
  thrown<RequestError>([&] { row_between({ends[0]}, 5); });
  thrown<RequestError>([&] { row_between(ends, 1); });
}

TEST_F(BetweenTest, AVariationLiesOnTheWayToAnotherSeed) {
  std::vector<PictureRequest> pictures = two();
  PictureRequest other = pictures[0];
  pictures.resize(1);
  pictures.resize(3, pictures[0]);
  pictures[1].variation = Variation{77, 0};
  pictures[2].variation = Variation{77, 1};
  other.seed = 77;
  pictures.push_back(other);
  const std::vector<Image> images = drawn(pictures);
  EXPECT_EQ(images[0].rgb, images[1].rgb);
  EXPECT_EQ(images[2].rgb, images[3].rgb);
  EXPECT_NE(images[0].rgb, images[2].rgb);
}

TEST_F(BetweenTest, PromptsAreMixedAsTheirStates) {
  const models::ModelConfig config = models::tiny_text_config(models::ModelType::t2i);
  const at::Tensor states = at::randn({3, config.txt_max_length, config.txt_embed_dim}, diffusion::seeded_generator(4));
  PictureRequest picture;
  picture.prompt = "a fox";
  picture.mixture = Mixture{{}, {}, "an owl", 0.25};
  picture.settings = std::make_shared<const SampleConfig>();
  EXPECT_EQ(texts_of({picture}), (std::vector<std::string>{"a fox", "", "an owl"}));
  check_condition(config, picture);
  const StatesOf of_text = states_by_text(texts_of({picture}), states);
  const at::Tensor mixed = engine_picture(config, picture, of_text).condition;
  EXPECT_TRUE(at::allclose(mixed, 0.75 * states.narrow(0, 0, 1) + 0.25 * states.narrow(0, 2, 1)));
}

TEST_F(BetweenTest, ImpossibleMixturesAreRefused) {
  for (const Mixture& mixture :
       {Mixture{3 + 1, {}, {}, 0.5}, Mixture{{}, {}, {}, 0.5}, Mixture{1, 0, {}, 0.5}, Mixture{{}, {}, "a fox", 0.5},
        Mixture{1, {}, {}, 1.5}, Mixture{1, {}, {}, std::nan("")}}) {
    PictureRequest picture = two()[0];
    picture.mixture = mixture;
    thrown<RequestError>([&] { check(network_->config(), {picture}); });
  }
  PictureRequest picture = two()[0];
  picture.variation = Variation{1, -0.5};
  thrown<RequestError>([&] { check(network_->config(), {picture}); });
}

}  // namespace
}  // namespace pixnerd::sample
