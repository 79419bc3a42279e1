#include "eval/picture_kind.h"

#include <gtest/gtest.h>

#include <string>

namespace pixnerd::eval {
namespace {

// Beginnings of files: what the formats say of channels stands there.
PictureKind kind(const std::string& file) {
  return kind_of(std::as_bytes(std::span(file)));
}

std::string png(char colour_type, const std::string& then = "") {
  return std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x8", 25) + colour_type + then + "IDAT";
}

std::string jpeg(char channels) {
  const std::string comment("\xff\xfe\0\4\xff\xc0", 6), frame("\xff\xc2\0\x0b\x8\0\1\0\1", 9);
  return "\xff\xd8" + comment + frame + channels + std::string(8, '\0');
}

std::string webp(const std::string& form, size_t at, char flags) {
  std::string file = std::string("RIFF\0\0\0\0WEBP", 12) + form + std::string(20, '\0');
  file[at] = flags;
  return file;
}

TEST(PictureKind, OfPngIsItsColourType) {
  EXPECT_TRUE(kind(png(0)).is_grey && !kind(png(0)).has_alpha);
  EXPECT_TRUE(kind(png(4)).is_grey && kind(png(4)).has_alpha);
  EXPECT_TRUE(!kind(png(2)).is_grey && !kind(png(2)).has_alpha);
  EXPECT_TRUE(kind(png(6)).has_alpha);
  EXPECT_TRUE(kind(png(3, "tRNS")).has_alpha);
}

TEST(PictureKind, OfJpegIsItsFramesChannels) {
  EXPECT_TRUE(kind(jpeg(1)).is_grey);
  EXPECT_FALSE(kind(jpeg(3)).is_grey);
  for (size_t length = 0; length < 16; ++length) EXPECT_FALSE(kind(jpeg(3).substr(0, length)).is_grey) << length;
}

TEST(PictureKind, OfWebpIsItsFlags) {
  EXPECT_TRUE(kind(webp("VP8X", 20, 0x10)).has_alpha);
  EXPECT_FALSE(kind(webp("VP8X", 20, 0x08)).has_alpha);
  EXPECT_TRUE(kind(webp("VP8L", 24, 0x10)).has_alpha);
  EXPECT_FALSE(kind(webp("VP8 ", 24, 0x10)).has_alpha);
  EXPECT_FALSE(kind("").is_grey || kind("GIF89a").has_alpha);
}

}  // namespace
}  // namespace pixnerd::eval
