#include <gtest/gtest.h>

#include "core/errors.h"
#include "image/codec.h"
#include "tests/image/pictures.h"

namespace pixnerd::image {
namespace {

TEST(DecodeJpeg, IgnoresTheOrientationOfExif) {
  const Image image = read_image(kData / "exif_rotated.jpg");
  EXPECT_EQ(image.width, 45);
  EXPECT_EQ(image.height, 33);
}

TEST(DecodeJpeg, TakesCmykWithoutAdobeMarkerForAdobes) {
  EXPECT_EQ(distance(read_image(kData / "cmyk_plain.jpg"), read_image(kData / "cmyk_adobe.jpg")), 0);
}

TEST(DecodeJpeg, ToleratesDamageThatLeavesAPicture) {
  EXPECT_NO_THROW(read_image(kData / "damaged.jpg"));
}

// The second failure hides behind the first warning in TurboJPEG's answer.
TEST(DecodeJpeg, RefusesAFatalErrorAfterAWarning) {
  EXPECT_THROW(read_image(kData / "warning_then_fatal.hostile.jpg"), DataError);
}

TEST(DecodeJpeg, RefusesATruncatedFileWithAWholeThumbnail) {
  const std::vector<std::byte> bytes = bytes_of(kData / "420_odd.jpg");
  ASSERT_LT(bytes.size() + 2, 65536u);
  std::vector<std::byte> file(bytes.begin(), bytes.begin() + 2);
  const size_t length = bytes.size() + 2;
  for (const size_t value : {size_t{0xff}, size_t{0xe5}, length >> 8, length & 255}) file.push_back(std::byte(value));
  file.insert(file.end(), bytes.begin(), bytes.end());
  file.insert(file.end(), bytes.begin() + 2, bytes.end());
  EXPECT_EQ(distance(decode(file, "thumbnail"), decode(bytes, "plain")), 0);
  EXPECT_THROW(decode(std::span(file).first(file.size() - 2), "cut"), DataError);
}

TEST(EncodeJpeg, IsNearAtHundredAndSmallerBelow) {
  const Image image = read_image(kData / "420_odd.jpg");
  const std::vector<std::byte> best = encode_jpeg(image, 100), rough = encode_jpeg(image, 0);
  EXPECT_LE(distance(decode(best, "best"), image), 4);
  EXPECT_LT(rough.size(), best.size());
  EXPECT_EQ(decode(rough, "rough").width, image.width);
}

TEST(EncodeJpeg, KeepsColoursApartFromNinetyOn) {
  Image image = blank(16, 16);
  for (size_t i = 0; i < image.rgb.size(); i += 6) image.rgb[i] = 255;  // red and black columns
  EXPECT_LT(distance(decode(encode_jpeg(image, 90), "kept"), image), 40);
  EXPECT_GT(distance(decode(encode_jpeg(image, 89), "mixed"), image), 80);
}

TEST(EncodeJpeg, RefusesWhatItCannotHold) {
  EXPECT_THROW(encode_jpeg(blank(65'536, 1), 80), DataError);
  EXPECT_THROW(encode_jpeg(blank(2, 2), -1), DataError);
}

}  // namespace
}  // namespace pixnerd::image
