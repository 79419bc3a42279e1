#include "data/augmentation.h"

#include <algorithm>
#include <map>

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

TEST(Augmentation, WithoutSettingsNothingIsDrawn) {
  for (int64_t position = 0; position < 100; ++position) {
    const Augmentation drawn = draw_augmentation(augmented(0, false), 11, position);
    EXPECT_EQ(drawn.shift_x, 0);
    EXPECT_EQ(drawn.shift_y, 0);
    EXPECT_FALSE(drawn.flip);
  }
}

TEST(Augmentation, OneSettingLeavesTheDrawsOfTheOthers) {
  for (int64_t position = 0; position < 100; ++position) {
    EXPECT_EQ(draw_augmentation(augmented(0, true), 11, position).flip,
              draw_augmentation(augmented(3, true), 11, position).flip);
  }
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

TEST(Augmentation, RefusesAPictureWithoutPixels) {
  expect_contains(error_of([] { augment(image::Image{}, {}); }), "picture to augment");
}

}  // namespace
}  // namespace pixnerd::data
