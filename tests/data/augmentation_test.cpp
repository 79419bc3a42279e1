#include "data/augmentation.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "image/crop.h"
#include "image/resize.h"
#include "tests/data/folders.h"

namespace pixnerd::data {
namespace {

DataConfig augmented(int64_t shift, bool flip) {
  DataConfig config = small_config();
  config.shift_pixels = shift;
  config.horizontal_flip = flip;
  return config;
}

std::vector<uint8_t> pixel(const image::Image& picture, int x, int y) {
  const uint8_t* start = picture.row(y) + x * 3;
  return {start, start + 3};
}

TEST(Augmentation, DrawsEveryShiftWithinTheLimitAboutEquallyOften) {
  const DataConfig config = augmented(2, true);
  std::map<int, int> across;
  std::map<int, int> down;
  int flips = 0;
  for (int64_t position = 0; position < 5000; ++position) {
    const Augmentation drawn = draw_augmentation(config, 11, position);
    ++across[drawn.shift_x];
    ++down[drawn.shift_y];
    flips += drawn.flip;
  }
  for (const auto& counts : {across, down}) {
    ASSERT_EQ(counts.size(), 5u);
    EXPECT_EQ(counts.begin()->first, -2);
    EXPECT_EQ(counts.rbegin()->first, 2);
    for (const auto& [shift, count] : counts) EXPECT_NEAR(count, 1000, 120) << shift;
  }
  EXPECT_NEAR(flips, 2500, 150);
  EXPECT_NE(across, down);
}

TEST(Augmentation, DrawsEveryScaleWithinTheLimitAboutEquallyOften) {
  DataConfig config = small_config();
  config.scale_percent = 12.5;
  std::array<int, 5> counts{};  // of fifths of [0.875, 1.125)
  for (int64_t position = 0; position < 5000; ++position) {
    const double scale = draw_augmentation(config, 11, position).scale;
    ASSERT_GE(scale, 0.875);
    ASSERT_LT(scale, 1.125);
    ++counts.at(static_cast<size_t>((scale - 0.875) / 0.25 * 5));
  }
  for (const int count : counts) EXPECT_NEAR(count, 1000, 120);
}

TEST(Augmentation, WithoutSettingsNothingIsDrawn) {
  for (int64_t position = 0; position < 100; ++position) {
    const Augmentation drawn = draw_augmentation(augmented(0, false), 11, position);
    EXPECT_EQ(drawn.shift_x, 0);
    EXPECT_EQ(drawn.shift_y, 0);
    EXPECT_FALSE(drawn.flip);
    EXPECT_EQ(drawn.scale, 1.0);
  }
}

TEST(Augmentation, OneSettingLeavesTheDrawsOfTheOthers) {
  DataConfig all = augmented(3, true);
  all.scale_percent = 20;
  DataConfig scale_alone = small_config();
  scale_alone.scale_percent = 20;
  for (int64_t position = 0; position < 100; ++position) {
    const Augmentation drawn = draw_augmentation(all, 11, position);
    EXPECT_EQ(draw_augmentation(augmented(0, true), 11, position).flip, drawn.flip);
    EXPECT_EQ(draw_augmentation(augmented(3, false), 11, position).shift_x, drawn.shift_x);
    EXPECT_EQ(draw_augmentation(augmented(3, false), 11, position).shift_y, drawn.shift_y);
    EXPECT_EQ(draw_augmentation(scale_alone, 11, position).scale, drawn.scale);
  }
}

// A change here changes what a run that is resumed sees.
TEST(Augmentation, DrawsWhatItHasAlwaysDrawn) {
  DataConfig config = augmented(3, true);
  config.scale_percent = 10;
  const Augmentation first = draw_augmentation(config, 11, 0), later = draw_augmentation(config, 11, 1'000'000);
  EXPECT_EQ(first.shift_x, -3);
  EXPECT_EQ(first.shift_y, 1);
  EXPECT_TRUE(first.flip);
  EXPECT_DOUBLE_EQ(first.scale, 0.93442226933245054);
  EXPECT_EQ(later.shift_x, -3);
  EXPECT_EQ(later.shift_y, 1);
  EXPECT_FALSE(later.flip);
  EXPECT_DOUBLE_EQ(later.scale, 0.93009165801714633);
}

TEST(Augmentation, NothingToDoGivesThePictureItself) {
  const image::Image picture = marked_picture(5, 9);
  EXPECT_EQ(augment(picture, {}).rgb, picture.rgb);
}

TEST(Augmentation, FlipMirrorsLeftAndRight) {
  const image::Image picture = marked_picture(4, 9);
  const image::Image flipped = augment(picture, {.flip = true});
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 4; ++x) EXPECT_EQ(pixel(flipped, x, y), pixel(picture, 3 - x, y));
  }
}

TEST(Augmentation, ShiftsStayInsideAndRepeatTheEdges) {
  image::Image picture = marked_picture(5, 9);
  picture.height = 4;  // not square, so that exchanged axes show
  picture.rgb.resize(size_t{4} * 5 * 3);
  for (const int dx : {-100, -5, -1, 0, 2, 5, 100}) {
    for (const int dy : {-100, -4, -2, 0, 1, 4, 100}) {
      const image::Image shifted = augment(picture, {.shift_x = dx, .shift_y = dy});
      for (int y = 0; y < 4; ++y) {
        for (int x = 0; x < 5; ++x) {
          EXPECT_EQ(pixel(shifted, x, y), pixel(picture, std::clamp(x - dx, 0, 4), std::clamp(y - dy, 0, 3)));
        }
      }
    }
  }
}

TEST(Augmentation, MirrorsBeforeItShifts) {
  const image::Image picture = marked_picture(6, 9);
  const image::Image twice = augment(augment(picture, {.flip = true}), {.shift_x = 2, .shift_y = -1});
  EXPECT_EQ(augment(picture, {.shift_x = 2, .shift_y = -1, .flip = true}).rgb, twice.rgb);
}

// Of a larger picture the middle, resized once; sides that differ by an odd number lose the last row and column.
TEST(Augmentation, EnlargedPicturesLoseTheirBorder) {
  for (const auto& [side, scale, enlarged] : {std::tuple{7, 1.3, 9}, {7, 1.15, 8}, {8, 1.4, 11}, {1, 3.0, 3}}) {
    const image::Image picture = marked_picture(side, 9);
    const image::Image whole = image::resize(picture, enlarged, enlarged, image::Filter::bicubic);
    const int border = (enlarged - side) / 2;
    EXPECT_EQ(augment(picture, {.scale = scale}).rgb, image::crop(whole, {border, border, side, side}).rgb) << side;
  }
}

TEST(Augmentation, ReducedPicturesRepeatTheirEdges) {
  for (const auto& [side, scale, reduced] : {std::tuple{9, 0.8, 7}, {9, 0.9, 8}, {8, 0.6, 5}, {5, 0.01, 1}}) {
    const image::Image picture = marked_picture(side, 9);
    const image::Image small = image::resize(picture, reduced, reduced, image::Filter::bicubic);
    const image::Image seen = augment(picture, {.scale = scale});
    const int border = (side - reduced) / 2;
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        EXPECT_EQ(pixel(seen, x, y),
                  pixel(small, std::clamp(x - border, 0, reduced - 1), std::clamp(y - border, 0, reduced - 1)));
      }
    }
  }
}

// So a shift brings in what the scale had pushed out, instead of repeated edges.
TEST(Augmentation, ShiftsAndMirrorsTheScaledPictureItself) {
  image::Image picture = marked_picture(7, 9);
  picture.height = 5;  // not square, so that exchanged axes show
  picture.rgb.resize(size_t{5} * 7 * 3);
  for (const double scale : {0.7, 1.4}) {
    const int width = scale < 1 ? 5 : 10, height = scale < 1 ? 4 : 7;  // rounded, halves away from zero
    const image::Image whole = image::resize(picture, width, height, image::Filter::bicubic);
    const image::Image seen = augment(picture, {.shift_x = 1, .shift_y = -2, .flip = true, .scale = scale});
    for (int y = 0; y < 5; ++y) {
      for (int x = 0; x < 7; ++x) {
        const int column = std::clamp(x - 1 - (7 - width) / 2, 0, width - 1);
        const int row = std::clamp(y + 2 - (5 - height) / 2, 0, height - 1);
        EXPECT_EQ(pixel(seen, x, y), pixel(whole, width - 1 - column, row)) << scale << " at " << x << ", " << y;
      }
    }
  }
}

TEST(Augmentation, AScaleThatChangesNoSideResamplesNothing) {
  const image::Image picture = marked_picture(9, 9);
  EXPECT_EQ(augment(picture, {.scale = 1.05}).rgb, picture.rgb);
  EXPECT_EQ(augment(picture, {.scale = 0.95}).rgb, picture.rgb);
}

TEST(Augmentation, RefusesAPictureWithoutPixels) {
  expect_contains(error_of([] { augment(image::Image{}, {}); }), "picture to augment");
}

}  // namespace
}  // namespace pixnerd::data
