#include "eval/patch_borders.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/errors.h"
#include "tests/core/thrown.h"

namespace pixnerd::eval {
namespace {

// Every level of a column or row adds its number times ten, so neighbours differ by ten.
at::Tensor slope(int64_t height, int64_t width, int64_t dim) {
  at::Tensor levels = at::arange(dim == 1 ? height : width).mul_(10);
  levels = dim == 1 ? levels.view({1, height, 1, 1}) : levels.view({1, 1, width, 1});
  return levels.expand({1, height, width, 3}).to(at::kByte);
}

TEST(PatchBorders, AreOneForWhatKnowsNoPatches) {
  for (const int64_t dim : {1, 2}) {
    const at::Tensor differences = border_differences(slope(12, 12, dim), 4);
    EXPECT_TRUE(differences.equal(at::full({1, 2}, 50.0))) << differences;  // the other direction has none
    EXPECT_DOUBLE_EQ(border_ratio(differences).value(), 1);
  }
}

// Patches of 4 x 4, each of one level and 30 above its neighbour, with one step of 6 inside a single patch.
TEST(PatchBorders, AreSeenInBothDirections) {
  at::Tensor picture = at::zeros({1, 8, 8, 3}, at::kByte);
  picture.slice(1, 4, 8).add_(30);
  picture.slice(2, 4, 8).add_(30);
  picture[0][1][1][0] = 6;
  const at::Tensor differences = border_differences(picture, 4);
  // 2 borders of 8 pixels with 3 levels; 12 other steps of as many, four of which meet the one level of 6.
  EXPECT_NEAR(differences[0][0].item<double>(), 900, 1e-3);
  EXPECT_NEAR(differences[0][1].item<double>(), 4 * 36 / (12.0 * 8 * 3), 1e-5);
  EXPECT_NEAR(border_ratio(differences).value(), 900 / 0.5, 1e-2);
  EXPECT_LT(border_ratio(border_differences(picture, 3)).value(), 1) << "the seams are elsewhere";
}

TEST(PatchBorders, OfSetsAreRatiosOfSums) {
  const at::Tensor differences = at::tensor({1.0f, 2.0f, 5.0f, 1.0f}).view({2, 2});
  EXPECT_DOUBLE_EQ(border_ratio(differences).value(), 2);
  EXPECT_FALSE(border_ratio(at::zeros({3, 2})));
}

TEST(PatchBorders, StandBesideWhatANetworkSees) {
  const auto seen = [](const at::Tensor& pictures) { return Features{at::ones({pictures.size(0), 5}), {}, {}}; };
  const Features features = with_borders(seen, 2)(slope(4, 6, 1).expand({3, 4, 6, 3}));
  EXPECT_EQ(features.pooled.sizes(), at::IntArrayRef({3, 5}));
  EXPECT_EQ(features.borders.sizes(), at::IntArrayRef({3, 2}));
}

TEST(PatchBorders, NeedABorder) {
  EXPECT_NE(thrown<ConfigError>([] { border_differences(slope(4, 4, 1), 4); }).find("no border"), std::string::npos);
  EXPECT_NE(thrown<ConfigError>([] { border_differences(slope(4, 4, 1), 1); }).find("no inside"), std::string::npos);
}

}  // namespace
}  // namespace pixnerd::eval
