#include "eval/discriminant.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/errors.h"
#include "tests/core/thrown.h"
#include "tests/eval/random.h"

namespace pixnerd::eval {
namespace {

// Centres that differ by 3 in a few directions, pictures round them that differ by 10 in others.
struct Drawn {
  at::Tensor centres, spread, classes, features;
  Drawn(int64_t classes_count, int64_t each, uint64_t seed) {
    centres = at::constant_pad_nd(random({classes_count, 6}, 1) * 3, {0, 14});
    spread = at::cat({at::ones({10}), at::full({10}, 10.0)});
    classes = at::arange(classes_count).repeat({each});
    features = centres.index_select(0, classes) + random({classes_count * each, 20}, seed) * spread;
  }
};

double share_right(const at::Tensor& scores, const at::Tensor& classes) {
  return scores.argmax(1).eq(classes).to(at::kDouble).mean().item<double>();
}

TEST(Discriminant, NamesTheClassWhereTheLargestDifferencesAreNotThose) {
  const Drawn learnt(12, 8, 2), unseen(12, 50, 3);
  const Discriminant judge(learnt.features, learnt.classes, 12, 0.05);
  const double right = share_right(judge.scores(unseen.features), unseen.classes);
  EXPECT_GT(right, 0.85);
  const at::Tensor means = learnt.features.view({8, 12, 20}).mean(0);
  const at::Tensor nearest = at::cdist(unseen.features, means).neg();
  EXPECT_GT(right, share_right(nearest, unseen.classes) + 0.3) << "distance is misled by the wide directions";
}

// In one dimension, all of it by hand: classes at -2 and 2 of two pictures each, at a distance of 1 from them.
TEST(Discriminant, IsTheLogarithmOfTheEquations) {
  const at::Tensor features = at::tensor({-3.0, -1.0, 1.0, 3.0}).unsqueeze(1);
  const Discriminant judge(features, at::tensor({0, 0, 1, 1}), 2, 1.0);
  // W = (1 + 1 + 1 + 1) / (4 - 2) = 2, z = f / sqrt 2, d = 4 / 2 - 1 / 2.
  const double d = 1.5, variance = 1 + d / (2 * d + 1), centre = 2 / std::sqrt(2.0) * (2 * d / (2 * d + 1));
  const double z = 0.5 / std::sqrt(2.0);
  const at::Tensor scores = judge.scores(at::full({1, 1}, 0.5));
  for (const int64_t c : {0, 1}) {
    const double apart = z - (c == 0 ? -centre : centre);
    EXPECT_NEAR(scores[0][c].item<double>(), -0.5 * (apart * apart / variance + std::log(variance)), 1e-6) << c;
  }
}

TEST(Discriminant, AClassOfFewPicturesIsLessCertain) {
  // Class 2 has one picture, at the same distance as the four of class 1.
  const at::Tensor features = at::tensor({-9.0, -7.0, -9.0, -7.0, 7.0, 9.0, 7.0, 9.0, 8.0}).view({9, 1});
  const at::Tensor plane = at::cat({features, at::zeros({9, 1})}, 1);
  at::Tensor turned = plane.clone();
  turned[8] = at::tensor({0.0, 8.0});
  const Discriminant judge(turned, at::tensor({0, 0, 0, 0, 1, 1, 1, 1, 2}), 3, 0.5);
  const at::Tensor at_centres = judge.scores(at::tensor({8.0, 0.0, 0.0, 8.0}).view({2, 2}));
  EXPECT_EQ(at_centres[0].argmax().item<int64_t>(), 1);
  EXPECT_EQ(at_centres[1].argmax().item<int64_t>(), 2);
  EXPECT_GT(at_centres[0][1].item<double>(), at_centres[1][2].item<double>());
}

TEST(Discriminant, NeverNamesAClassWithoutPictures) {
  const Drawn learnt(4, 5, 2);
  const Discriminant judge(learnt.features, learnt.classes + 1, 6, 0.5);
  const at::Tensor scores = judge.scores(learnt.features);
  EXPECT_EQ(scores.sizes(), at::IntArrayRef({20, 6}));
  for (const int64_t empty : {0, 5}) {
    EXPECT_TRUE(scores.select(1, empty).eq(-std::numeric_limits<double>::infinity()).all().item<bool>());
  }
  EXPECT_TRUE(scores.narrow(1, 1, 4).isfinite().all().item<bool>());
}

TEST(Discriminant, PicturesThatDoNotDifferWithinTheirClasses) {
  const at::Tensor centres = random({5, 8}, 4);
  const Discriminant once(centres, at::arange(5), 5, 0.6);
  EXPECT_EQ(share_right(once.scores(centres), at::arange(5)), 1);
  const Discriminant twice(centres.repeat({2, 1}), at::arange(5).repeat({2}), 5, 0.6);
  EXPECT_EQ(share_right(twice.scores(centres), at::arange(5)), 1);
  const Discriminant single(centres, at::zeros({5}, at::kLong), 1, 0.6);
  EXPECT_EQ(share_right(single.scores(centres), at::zeros({5}, at::kLong)), 1);
}

TEST(Discriminant, RefusesNothingAndWhatIsNotFinite) {
  EXPECT_NE(thrown<DataError>([] { Discriminant(at::zeros({0, 3}), at::zeros({0}, at::kLong), 2, 0.5); }), "");
  const at::Tensor features = at::full({2, 3}, std::numeric_limits<double>::quiet_NaN());
  EXPECT_NE(thrown<DataError>([&] { Discriminant(features, at::arange(2), 2, 0.5); }).find("not finite"),
            std::string::npos);
}

}  // namespace
}  // namespace pixnerd::eval
