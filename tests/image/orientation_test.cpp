#include "image/orientation.h"

#include <gtest/gtest.h>

namespace pixnerd::image {
namespace {

// Rows of letters as grey levels.
Image picture_of(const std::vector<std::string>& rows) {
  Image image = blank(static_cast<int>(rows[0].size()), static_cast<int>(rows.size()));
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      for (int c = 0; c < 3; ++c) {
        image.row(y)[3 * x + c] = static_cast<uint8_t>(rows[static_cast<size_t>(y)][static_cast<size_t>(x)]);
      }
    }
  }
  return image;
}

std::vector<std::string> rows_of(const Image& image) {
  std::vector<std::string> rows(static_cast<size_t>(image.height));
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) rows[static_cast<size_t>(y)] += static_cast<char>(image.row(y)[3 * x]);
  }
  return rows;
}

// What Pillow's ImageOps.exif_transpose makes of them.
TEST(Oriented, TurnsAndMirrorsAsPillowDoes) {
  const Image image = picture_of({"abc", "def"});
  const std::vector<std::vector<std::string>> expected = {{"abc", "def"},     {"cba", "fed"},     {"fed", "cba"},
                                                          {"def", "abc"},     {"ad", "be", "cf"}, {"da", "eb", "fc"},
                                                          {"fc", "eb", "da"}, {"cf", "be", "ad"}};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    EXPECT_EQ(rows_of(oriented(image, orientation)), expected[static_cast<size_t>(orientation - 1)]) << orientation;
  }
}

TEST(Oriented, ChangesNothingByWhatIsNoOrientation) {
  const Image image = picture_of({"ab"});
  for (const int orientation : {-1, 0, 9, 65535}) EXPECT_EQ(rows_of(oriented(image, orientation)), rows_of(image));
}

}  // namespace
}  // namespace pixnerd::image
