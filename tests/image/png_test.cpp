#include <gtest/gtest.h>

#include "core/errors.h"
#include "image/codec.h"
#include "tests/image/pictures.h"

namespace pixnerd::image {
namespace {

TEST(EncodePng, IsDeterministicAndExact) {
  for (const auto& [width, height] : {std::pair{1, 1}, {1, 9}, {64, 1}, {31, 29}}) {
    const Image image = noise(width, height, 3);
    const std::vector<std::byte> bytes = encode_png(image);
    EXPECT_EQ(bytes, encode_png(image));
    EXPECT_EQ(distance(decode(bytes, "encoded"), image), 0);
  }
}

TEST(EncodePng, RefusesPicturesWithoutTheirPixels) {
  EXPECT_THROW(encode_png(Image{}), DataError);
  EXPECT_THROW(encode_png(Image{2, 2, std::vector<uint8_t>(3)}), DataError);
}

// Sixteen bits are cut to the high byte, but grey is clipped: what the published models saw of such files.
TEST(DecodePng, TreatsDeepGreyAsPillowDoes) {
  const Image grey = read_image(kData / "grey16.png");
  for (size_t i = 0; i < grey.rgb.size(); i += 3) EXPECT_EQ(grey.rgb[i], grey.rgb[i + 2]);
  EXPECT_GT(std::count(grey.rgb.begin(), grey.rgb.end(), 255), 3);
}

}  // namespace
}  // namespace pixnerd::image
