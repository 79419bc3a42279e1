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

TEST(Grid, KnowsItsSizeBefore) {
  const Image grid = make_grid(pictures(5), 3, 2);
  const GridSize size = grid_size(5, 6, 4, {}, 3, 2);
  EXPECT_EQ(size.width, grid.width);
  EXPECT_EQ(size.height, grid.height);
  EXPECT_EQ(grid_size(int64_t{1} << 32, 16384, 16384, {}, 1, 2).height, (int64_t{16386} << 32) + 2);
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

// Two rows of two; the second row's longest label has two lines of name and one of note.
class LabelledGrid : public testing::Test {
 protected:
  static constexpr int kSide = 64, kPadding = 8, kLine = 14;
  static constexpr int kCell = 99, kTop = kPadding + kSide + 2 + kLine + kPadding;

  LabelledGrid() {
    for (int i = 0; i < 4; ++i) pictures_.push_back(noise(kSide, kSide, static_cast<unsigned>(i)));
  }

  static Rectangle place(int i) {
    return {kPadding + i % 2 * (kCell + kPadding) + (kCell - kSide) / 2, i < 2 ? kPadding : kTop, kSide, kSide};
  }

  // The part of a cell under its picture, `lines` high and from line `first` on.
  static Rectangle below(int i, int first, int lines) {
    const Rectangle picture = place(i);
    return {picture.x - (kCell - kSide) / 2, picture.y + kSide + 2 + first * kLine, kCell, lines * kLine};
  }

  static int darkest(const Image& image) { return *std::min_element(image.rgb.begin(), image.rgb.end()); }

  std::vector<Image> pictures_;
  std::vector<Label> labels_ = {
      {"fox", ""}, {"red panda", ""}, {"smiling face with sunglasses", "noto"}, {"owl", "fluent"}};
};

TEST_F(LabelledGrid, KeepsThePicturesAndGivesEachARoom) {
  const Image grid = make_labelled_grid(pictures_, labels_, 2);
  ASSERT_EQ(grid.width, 2 * (kCell + kPadding) + kPadding);
  ASSERT_EQ(grid.height, kTop + kSide + 2 + 3 * kLine + kPadding);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(distance(crop(grid, place(i)), pictures_[i]), 0) << "picture " << i;
  const GridSize size = grid_size(4, kSide, kSide, labels_, 2, kPadding);
  EXPECT_EQ(size.width, grid.width);
  EXPECT_EQ(size.height, grid.height);
}

TEST_F(LabelledGrid, WritesTheNameAndBelowItTheNoteInGrey) {
  const Image grid = make_labelled_grid(pictures_, labels_, 2);
  EXPECT_LT(darkest(crop(grid, below(0, 0, 1))), 100);
  EXPECT_LT(darkest(crop(grid, below(2, 0, 1))), 100);
  EXPECT_LT(darkest(crop(grid, below(2, 1, 1))), 100);
  const int note = darkest(crop(grid, below(2, 2, 1)));
  EXPECT_TRUE(120 < note && note < 200) << note;
  // The shorter label's note follows its name, and what is left over is white.
  EXPECT_GT(darkest(crop(grid, below(3, 1, 1))), 120);
  EXPECT_EQ(darkest(crop(grid, below(3, 2, 1))), 255);
  EXPECT_EQ(darkest(crop(grid, {0, 0, kPadding, grid.height})), 255);
  EXPECT_EQ(darkest(crop(grid, {0, grid.height - kPadding, grid.width, kPadding})), 255);
}

TEST_F(LabelledGrid, NamesStandInTheMiddle) {
  const Image grid = make_labelled_grid(pictures_, labels_, 2);
  const Rectangle row = below(0, 0, 1);
  int first = row.width, last = 0;
  for (int x = 0; x < row.width; ++x) {
    if (darkest(crop(grid, {row.x + x, row.y, 1, row.height})) == 255) continue;
    first = std::min(first, x);
    last = x;
  }
  EXPECT_NEAR(first, row.width - 1 - last, 2);
  EXPECT_GT(first, 35);
}

TEST_F(LabelledGrid, WithoutAnyTextIsOnlyWider) {
  const Image grid = make_labelled_grid(pictures_, std::vector<Label>(4), 2);
  EXPECT_EQ(grid.width, 2 * (kCell + kPadding) + kPadding);
  EXPECT_EQ(grid.height, 2 * (kSide + 2 + kPadding) + kPadding);
}

TEST_F(LabelledGrid, LettersGrowWithThePictures) {
  const std::vector<Label> label{{"fox", ""}};
  const auto height = [&](int64_t side) { return grid_size(1, side, side, label, 1, 0).height - side; };
  EXPECT_EQ(grid_size(1, 256, 256, label, 1, 0).width, 256);
  EXPECT_EQ(height(16), height(64));
  EXPECT_LT(height(64), height(256));
  EXPECT_LT(height(256), height(384));
  EXPECT_EQ(height(384), height(16384));
}

TEST_F(LabelledGrid, HostileLabelsLeaveThePicturesAlone) {
  labels_[0] = {std::string(1'000'000, 'W'), std::string(1'000'000, '\xff')};
  labels_[1] = {std::string(100, '\0'), "\n\r\t\x1b[31m"};
  labels_[2] = {"Z\u030c\u030c\u030c\u030c\u23ae\u23ae\ufdfa\ufdfd", "\u202e\u0301\u0301\u0301"};
  const Image grid = make_labelled_grid(pictures_, labels_, 2);
  const int second = kPadding + kSide + 2 + 3 * kLine + kPadding;
  for (int i = 0; i < 4; ++i) {
    Rectangle where = place(i);
    if (i > 1) where.y = second;
    EXPECT_EQ(distance(crop(grid, where), pictures_[i]), 0) << "picture " << i;
  }
}

TEST_F(LabelledGrid, RefusesWhatItCannotLayOut) {
  labels_.pop_back();
  EXPECT_THROW(make_labelled_grid(pictures_, labels_, 2), DataError);
  EXPECT_THROW(make_labelled_grid({}, {}, 2), DataError);
  EXPECT_THROW(make_labelled_grid(pictures_, {}, 2), DataError);
  EXPECT_THROW(grid_size(4, kSide, kSide, labels_, 2, kPadding), DataError);
  labels_.emplace_back();
  EXPECT_THROW(grid_size(3, kSide, kSide, labels_, 2, kPadding), DataError);
  EXPECT_THROW(make_labelled_grid(pictures_, labels_, 0), DataError);
  EXPECT_THROW(make_labelled_grid(pictures_, labels_, 2, -1), DataError);
  EXPECT_THROW(make_labelled_grid(pictures_, labels_, 2, 2147483647), DataError);
}

}  // namespace
}  // namespace pixnerd::image
