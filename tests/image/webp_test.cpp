#include <gtest/gtest.h>

#include "core/errors.h"
#include "image/codec.h"
#include "tests/image/pictures.h"

namespace pixnerd::image {
namespace {

TEST(DecodeWebp, ShowsTheFirstFrameOnItsCanvas) {
  const Image image = read_image(kData / "animated.webp");
  ASSERT_EQ(image.width, 30);
  ASSERT_EQ(image.height, 20);
  EXPECT_EQ(std::count(image.row(0), image.row(2), 0), 2 * 90);  // the frame begins at row 2
  EXPECT_LT(std::count(image.row(2), image.row(13), 0), 11 * 60);
  EXPECT_EQ(std::count(image.row(13), image.row(19) + 90, 0), 7 * 90);
}

TEST(DecodeWebp, RefusesDamage) {
  std::vector<std::byte> bytes = bytes_of(kData / "lossless_alpha.webp");
  std::fill(bytes.begin() + 24, bytes.begin() + 60, std::byte{0xff});
  EXPECT_THROW(decode(bytes, "damaged.webp"), DataError);
}

}  // namespace
}  // namespace pixnerd::image
