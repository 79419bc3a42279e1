#include <gtest/gtest.h>

#include "core/errors.h"
#include "core/file.h"
#include "image/codec.h"
#include "tests/core/temporary_folder.h"
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

TEST(Png, KeepsTextsBesideThePixels) {
  const TemporaryFolder folder;
  const Image image = noise(5, 4, 3);
  const std::string text = "{\"prompt\": \"ein Fuchs, gemalt \xE2\x80\x94 \xE7\x8B\x90\"}\n" + std::string(70000, 'x');
  write_png(folder / "a.png", image, {{"pixnerd", text}, {"Software", "pixnerd"}});
  EXPECT_EQ(read_image(folder / "a.png").rgb, image.rgb);
  EXPECT_EQ(read_png_text(folder / "a.png", "pixnerd"), text);
  EXPECT_EQ(read_png_text(folder / "a.png", "Software"), "pixnerd");
  EXPECT_EQ(read_png_text(folder / "a.png", "Title"), std::nullopt);
  write_png(folder / "b.png", image);
  EXPECT_EQ(read_png_text(folder / "b.png", "pixnerd"), std::nullopt);
}

TEST(Png, TextsOfFilesThatAreNoPngAreRefused) {
  const TemporaryFolder folder;
  write_png(folder / "a.png", noise(5, 4, 3), {{"pixnerd", "text"}});
  std::string bytes = read_file(folder / "a.png", 1 << 20);
  bytes.resize(bytes.size() / 2);
  write_file_atomically(folder / "half.png", [&](std::ostream& out) { out << bytes; });
  EXPECT_THROW(read_png_text(folder / "half.png", "pixnerd"), DataError);
  write_file_atomically(folder / "no.png", [](std::ostream& out) { out << "no picture"; });
  EXPECT_THROW(read_png_text(folder / "no.png", "pixnerd"), DataError);
  EXPECT_THROW(read_png_text(folder / "absent.png", "pixnerd"), DataError);
  EXPECT_THROW(encode_png(noise(2, 2, 1), {{"", "text"}}), DataError);
  EXPECT_THROW(encode_png(noise(2, 2, 1), {{std::string(80, 'k'), "text"}}), DataError);
}

}  // namespace
}  // namespace pixnerd::image
