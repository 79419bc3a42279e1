// IS, precision and recall, KID and intervals against their definitions, written out.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "core/errors.h"
#include "eval/inception_score.h"
#include "eval/interval.h"
#include "eval/kernel_distance.h"
#include "eval/precision_recall.h"
#include "tests/core/thrown.h"
#include "tests/eval/random.h"

namespace pixnerd::eval {
namespace {

TEST(InceptionScore, OfCertainAndEvenlySpreadClassesIsTheirNumber) {
  const at::Tensor logits = at::eye(4).repeat({5, 1}) * 1000;  // probabilities of 0 and 1
  const InceptionScore score = inception_score(logits, {{0, 8}, {8, 12}});
  EXPECT_NEAR(score.mean, 4, 1e-12);
  EXPECT_NEAR(score.deviation, 0, 1e-12);
}

TEST(InceptionScore, OfEqualPicturesIsOne) {
  EXPECT_NEAR(inception_score(random({1, 10}, 3).expand({30, 10}), {{0, 30}}).mean, 1, 1e-12);
}

TEST(InceptionScore, TakesRowsInTheirPlaces) {
  const at::Tensor logits = random({12, 5}, 4), rows = at::tensor({3, 3, 0, 5, 1, 2, 11, 6, 6, 7, 8, 9}, at::kLong);
  const std::vector<Split> splits = equal_splits(12, 2);
  EXPECT_EQ(inception_score(logits, splits, rows).splits, inception_score(logits.index_select(0, rows), splits).splits);
}

TEST(InceptionScore, SplitsCoverAllPictures) {
  const std::vector<Split> three = equal_splits(10, 3), of_four = splits_of_size(10, 4);
  ASSERT_EQ(three.size(), 3U);
  EXPECT_EQ(three[1].first, 3);
  EXPECT_EQ(three[2].first + three[2].size, 10);
  ASSERT_EQ(of_four.size(), 3U);
  EXPECT_EQ(of_four[2].first, 8);
  EXPECT_EQ(of_four[2].size, 2);
  EXPECT_NE(thrown<DataError>([] { equal_splits(9, 10); }).find("9 pictures and 10 splits"), std::string::npos);
}

// Blocks are of 1024 points, so 2100 make several of them.
TEST(PrecisionRecall, BlocksGiveWhatOneMatrixOfDistancesGives) {
  const at::Tensor points = random({2100, 3}, 5), others = random({2060, 3}, 6) * 1.5;
  const at::Tensor within = at::cdist(points.to(at::kDouble), points.to(at::kDouble));
  const at::Tensor radii = squared_radii(points, 3);
  const at::Tensor expected = std::get<0>(within.sort(1)).select(1, 3).square();
  EXPECT_TRUE(at::allclose(radii, expected, 1e-9, 1e-12));

  const at::Tensor between = at::cdist(others.to(at::kDouble), points.to(at::kDouble)).square();
  const at::Tensor inside = covered(others, points, radii);
  EXPECT_TRUE(inside.equal(between.le(expected).any(1)));
  EXPECT_GT(inside.sum().item<int64_t>(), 0);
  EXPECT_LT(inside.sum().item<int64_t>(), 2060);
}

TEST(PrecisionRecall, APointOnTheEdgeIsInside) {
  const at::Tensor line = at::tensor({0.0F, 1.0F, 2.0F, 3.0F}).view({4, 1});
  const at::Tensor radii = squared_radii(line, 1);  // all 1
  EXPECT_TRUE(radii.equal(at::ones({4}, at::kDouble)));
  const at::Tensor inside = covered(at::tensor({4.0F, 4.5F, -1.0F}).view({3, 1}), line, radii);
  EXPECT_TRUE(inside.to(at::kLong).equal(at::tensor({1, 0, 1}, at::kLong)));
}

TEST(PrecisionRecall, NeedMorePicturesThanNeighbours) {
  EXPECT_NE(thrown<DataError>([] {
              squared_radii(at::zeros({3, 2}), 3);
            }).find("more than 3 pictures"),
            std::string::npos);
}

TEST(PrecisionRecall, RadiiWithinSomeOfThePointsAreThoseOfThesePointsAlone) {
  const at::Tensor points = random({90, 3}, 12), some = random_half(90, 3, 0);
  const at::Tensor within = squared_radii_within(neighbours_of(points, 32), 3, some);
  EXPECT_TRUE(at::allclose(within.index_select(0, some), squared_radii(points.index_select(0, some), 3)));
  EXPECT_EQ(within.lt(0).sum().item<int64_t>(), 45) << "the others have no ball";
  EXPECT_FALSE(covered(points, points, at::full({90}, -1.0, at::kDouble)).any().item<bool>());
}

TEST(PrecisionRecall, SeveralListsOfRadiiAreSeveralCalls) {
  const at::Tensor points = random({50, 3}, 13), centres = random({2100, 3}, 14);
  const at::Tensor small = squared_radii(centres, 1), large = squared_radii(centres, 9);
  const at::Tensor both = covered(points, centres, at::stack({small, large}));
  EXPECT_TRUE(both[0].equal(covered(points, centres, small)));
  EXPECT_TRUE(both[1].equal(covered(points, centres, large)));
  EXPECT_LT(both[0].sum().item<int64_t>(), both[1].sum().item<int64_t>());
}

TEST(KernelDistance, IsTheUnbiasedEstimateOfItsDefinition) {
  const at::Tensor x = random({5, 3}, 7).to(at::kDouble), y = random({5, 3}, 8).to(at::kDouble);
  double expected = 0;
  for (int64_t i = 0; i < 5; ++i) {
    for (int64_t j = 0; j < 5; ++j) {
      const auto k = [](const at::Tensor& a, const at::Tensor& b) {
        return std::pow(a.dot(b).item<double>() / 3 + 1, 3);
      };
      if (i != j) expected += (k(x[i], x[j]) + k(y[i], y[j])) / 20;
      expected -= 2 * k(x[i], y[j]) / 25;
    }
  }
  EXPECT_NEAR(squared_discrepancy(x, y), expected, 1e-12);
}

TEST(KernelDistance, DrawsTheSameSubsetsForTheSameSeed) {
  const at::Tensor x = random({40, 3}, 9), y = random({30, 3}, 10);
  const KernelDistance first = kernel_distance(x, y, 5, 10, 1), again = kernel_distance(x, y, 5, 10, 1);
  EXPECT_EQ(first.subsets, again.subsets);
  EXPECT_NE(first.subsets, kernel_distance(x, y, 5, 10, 2).subsets);
  EXPECT_GT(first.deviation, 0);
  EXPECT_NEAR(kernel_distance(x, y, 2, 30, 1).subsets[0], squared_discrepancy(x, y), 1) << "of most of the pictures";
  EXPECT_NE(thrown<DataError>([&] { kernel_distance(x, y, 5, 31, 1); }).find("there are 30"), std::string::npos);
}

TEST(Interval, OfAMeanIsThatOfTheNormalDistribution) {
  const at::Tensor x = random({400}, 11).to(at::kDouble);
  const auto mean_of = [&](const at::Tensor& rows) { return x.index_select(0, rows).mean().item<double>(); };
  const double expected = 1.96 * x.std().item<double>() / 20;
  EXPECT_NEAR(half_width(bootstrap({400}, 2000, 1, mean_of)), expected, 0.1 * expected);
}

TEST(Interval, OfAShareIsWilsons) {
  EXPECT_NEAR(half_width_of_share(0.5, 10000), 1.96 * 0.005, 1e-5);
  EXPECT_NEAR(half_width_of_share(0.2, 50), 0.1090, 1e-4);  // of (0.1124, 0.3304) in tables of Wilson's interval
  EXPECT_NEAR(half_width_of_share(0, 4), 0.2449, 1e-4);     // (0, 0.4899)
  EXPECT_EQ(half_width_of_share(1, 4), half_width_of_share(0, 4));
}

TEST(Interval, HalvesRepeatNothing) {
  for (const int64_t n : {9, 10}) {
    const at::Tensor half = random_half(n, 1, 2), sorted = std::get<0>(half.sort());
    EXPECT_EQ(half.size(0), 5);
    EXPECT_TRUE(sorted.diff().gt(0).all().item<bool>() && sorted.ge(0).all().item<bool>());
    EXPECT_TRUE(half.equal(random_half(n, 1, 2)));
    EXPECT_FALSE(half.equal(random_half(n, 1, 3)));
  }
}

TEST(Interval, ResamplesStayWithinTheirParts) {
  const auto values = bootstrap({2, 3}, 50, 1, [](const at::Tensor& rows) {
    EXPECT_EQ(rows.size(0), 5);
    EXPECT_TRUE(rows.narrow(0, 0, 2).lt(2).all().item<bool>());
    EXPECT_TRUE(rows.narrow(0, 2, 3).ge(2).all().item<bool>() && rows.lt(5).all().item<bool>());
    return rows.sum().item<double>();
  });
  EXPECT_GT(half_width(values), 0);
  EXPECT_EQ(half_width({3, 3, 3}), 0);
}

}  // namespace
}  // namespace pixnerd::eval
