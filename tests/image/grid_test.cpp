#include "image/grid.h"

#include <gtest/gtest.h>

#include "core/errors.h"
#include "image/crop.h"
#include "tests/image/pictures.h"

namespace pixnerd::image {
namespace {

std::vector<Image> pictures(int count) {
  std::vector<Image> made;
  for (int i = 0; i < count; ++i) made.push_back(noise(6, 4, i));
  return made;
}

TEST(Grid, PutsEveryPictureInItsCell) {
  const std::vector<Image> five = pictures(5);
  const Image grid = make_grid(five, 3, 2, {1, 2, 3});
  ASSERT_EQ(grid.width, 3 * 8 + 2);
  ASSERT_EQ(grid.height, 2 * 6 + 2);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(distance(crop(grid, {2 + 8 * (i % 3), 2 + 6 * (i / 3), 6, 4}), five[i]), 0) << "picture " << i;
  }
}

TEST(Grid, FillsTheRestWithItsBackground) {
  const Image grid = make_grid(pictures(3), 2, 1, {1, 2, 3});
  const Image empty_cell = crop(grid, {8, 6, 6, 4});
  for (size_t i = 0; i < empty_cell.rgb.size(); ++i) EXPECT_EQ(empty_cell.rgb[i], i % 3 + 1);
  for (int x = 0; x < grid.width * 3; ++x) EXPECT_EQ(grid.row(0)[x], x % 3 + 1);
}

TEST(Grid, IsNoWiderThanItsPictures) {
  const std::vector<Image> two = pictures(2);
  EXPECT_EQ(make_grid(two, 8, 0).width, 12);
  EXPECT_EQ(make_grid(two, 8, 0).height, 4);
}

TEST(Grid, RefusesWhatItCannotLayOut) {
  std::vector<Image> two = pictures(2);
  EXPECT_THROW(make_grid({}, 2), DataError);
  EXPECT_THROW(make_grid(two, 0), DataError);
  EXPECT_THROW(make_grid(two, 2, -1), DataError);
  EXPECT_THROW(make_grid(two, 2, 2147483647), DataError);
  two[1] = noise(4, 6, 1);
  EXPECT_THROW(make_grid(two, 2), DataError);
  EXPECT_THROW(make_grid(std::vector<Image>(2), 2), DataError);
}

}  // namespace
}  // namespace pixnerd::image
