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

TEST(EncodeWebp, IsExactAtHundredAndSmallerBelow) {
  const Image image = read_image(kData / "420_odd.jpg");
  const std::vector<std::byte> exact = encode_webp(image, 100), rough = encode_webp(image, 40);
  EXPECT_EQ(distance(decode(exact, "exact"), image), 0);
  EXPECT_LT(rough.size(), exact.size());
  const Image back = decode(rough, "rough");
  EXPECT_EQ(back.width, image.width);
  EXPECT_EQ(back.height, image.height);
}

TEST(EncodeWebp, RefusesWhatItCannotHold) {
  EXPECT_THROW(encode_webp(blank(16'384, 1), 80), DataError);
  EXPECT_THROW(encode_webp(blank(2, 2), 101), DataError);
  EXPECT_THROW(encode_webp({2, 2, {}}, 80), DataError);
}

}  // namespace
}  // namespace pixnerd::image
