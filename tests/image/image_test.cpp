#include "image/image.h"

#include <gtest/gtest.h>

#include "core/errors.h"
#include "tests/image/pictures.h"

namespace pixnerd::image {
namespace {

TEST(Blank, IsBlackAndHasItsSize) {
  const Image image = blank(3, 2);
  EXPECT_EQ(image.rgb, std::vector<uint8_t>(18, 0));
  EXPECT_EQ(image.row(1), image.rgb.data() + 9);
}

TEST(Blank, RefusesSizesItCannotHold) {
  EXPECT_THROW(blank(0, 5), DataError);
  EXPECT_THROW(blank(5, 0), DataError);
  EXPECT_THROW(blank(-1, -1), DataError);
  EXPECT_THROW(blank(1 << 30, 1 << 30), DataError);
}

TEST(Check, RefusesPicturesThatDoNotHoldTheirPixels) {
  EXPECT_NO_THROW(check(blank(4, 4), "picture"));
  EXPECT_THROW(check(Image{}, "picture"), DataError);
  EXPECT_THROW(check(Image{-1, -3, std::vector<uint8_t>(9)}, "picture"), DataError);
  const std::string message = thrown<DataError>([] { check(Image{2, 2, std::vector<uint8_t>(11)}, "the grid"); });
  EXPECT_NE(message.find("the grid: "), std::string::npos) << message;
}

}  // namespace
}  // namespace pixnerd::image
