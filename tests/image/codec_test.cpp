#include "image/codec.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/errors.h"
#include "image/formats.h"
#include "tests/image/pictures.h"

namespace pixnerd::image {
namespace {

constexpr std::string_view kExpected = ".rgb.png";
constexpr std::string_view kOnGround = ".ground.png";
constexpr Colour kGround{200, 40, 90};

// Files of a folder whose names end so, in order.
std::vector<std::string> files_ending_in(std::string_view ending) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kData)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(ending)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> hostile_files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kData)) {
    const std::string name = entry.path().filename().string();
    if (name.find(".hostile.") != std::string::npos) names.push_back(name);
  }
  return names;
}

// By which a decoder may differ from Pillow's.
int levels_of(const std::string& name) {
  if (name.ends_with(".jpg")) return 2;
  if (name.ends_with(".avif")) return 8;
  return name.ends_with(".heic") ? 16 : 0;
}

TEST(Decode, GivesThePixelsOfPillow) {
  const std::vector<std::string> expected = files_ending_in(kExpected);
  ASSERT_GE(expected.size(), 58u);
  for (const std::string& name : expected) {
    const std::string input = name.substr(0, name.size() - kExpected.size());
    EXPECT_LE(distance(read_image(kData / input), read_image(kData / name)), levels_of(input)) << input;
  }
}

TEST(Decode, GivesThePixelsOfTheGoldenJpegs) {
  int compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/golden/images")) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".jpg")) continue;
    const Image expected = read_image(entry.path().parent_path() / (name.substr(0, 7) + "_rgb.png"));
    EXPECT_LE(distance(read_image(entry.path()), expected), 2) << name;
    ++compared;
  }
  EXPECT_GE(compared, 5);
}

TEST(Decode, LaysTransparentPicturesOnABackground) {
  const std::vector<std::string> expected = files_ending_in(kOnGround);
  ASSERT_GE(expected.size(), 14u);
  for (const std::string& name : expected) {
    const std::string input = name.substr(0, name.size() - kOnGround.size());
    const int allowed = levels_of(input);
    EXPECT_LE(distance(read_image(kData / input, {}, kGround), read_image(kData / name)), allowed) << input;
  }
}

TEST(Decode, ChangesNoOpaquePictureByABackground) {
  int compared = 0;
  for (const std::string& name : files_ending_in(kExpected)) {
    const std::string input = name.substr(0, name.size() - kExpected.size());
    if (std::filesystem::exists(kData / (input + std::string(kOnGround)))) continue;
    EXPECT_EQ(distance(read_image(kData / input, {}, kGround), read_image(kData / input)), 0) << input;
    ++compared;
  }
  EXPECT_GE(compared, 15);
}

TEST(Blend, RoundsToTheNearest) {
  for (const int ground : {0, 1, 90, 128, 254, 255}) {
    for (int colour = 0; colour < 256; ++colour) {
      for (int alpha = 0; alpha < 256; ++alpha) {
        const double exact = (colour * alpha + ground * (255 - alpha)) / 255.0;
        const uint8_t found =
            blend(static_cast<uint8_t>(colour), static_cast<uint8_t>(alpha), static_cast<uint8_t>(ground));
        ASSERT_EQ(found, std::lround(exact)) << colour << " at " << alpha << " on " << ground;
      }
    }
  }
}

TEST(Decode, GoesByContentAndNotByName) {
  const TemporaryFolder folder;
  const Image image = noise(5, 4, 1);
  write_png(folder / "ilsvrc.JPEG", image);
  EXPECT_EQ(distance(read_image(folder / "ilsvrc.JPEG"), image), 0);
}

TEST(Decode, RefusesHostileFilesByName) {
  const std::vector<std::string> names = hostile_files();
  ASSERT_GE(names.size(), 10u);
  for (const std::string& name : names) {
    const std::string message = thrown<DataError>([&] { read_image(kData / name); });
    EXPECT_NE(message.find(name), std::string::npos) << name << ": " << message;
  }
}

TEST(Decode, RefusesFilesCutAnywhere) {
  for (const char* name :
       {"rgba8.png", "palette8.png", "palette2_transparent.png", "grey16.png", "420_odd.jpg", "422_progressive.jpg",
        "ycck.jpg", "lossy.webp", "lossless_alpha.webp", "lossy_alpha.webp", "animated.webp", "palette.gif",
        "rgb24.bmp", "palette8.bmp", "rgb16.tif", "rgba8_associated.tif"}) {
    const std::vector<std::byte> bytes = bytes_of(kData / name);
    // A PNG holds its picture without the last chunk, its checksums and what else follows the last pixel, a GIF without
    // the last code and the marks of the end.
    const std::string_view ending = std::string_view(name).substr(std::string_view(name).find('.'));
    const size_t needed = bytes.size() - (ending == ".png" ? 32 : ending == ".gif" ? 8 : 0);
    for (size_t size = 0; size < needed; ++size) {
      const auto cut = std::span(bytes).first(size);
      EXPECT_THROW(decode(cut, name), DataError) << name << " cut to " << size << " bytes";
      EXPECT_THROW(decode(cut, name, {}, kGround), DataError) << name << " cut to " << size << " bytes";
    }
  }
}

TEST(Decode, SurvivesFlippedBits) {
  std::mt19937 generator(7);
  int refused = 0;
  for (const std::string& name : files_ending_in(kExpected)) {
    const std::string input = name.substr(0, name.size() - kExpected.size());
    const std::vector<std::byte> bytes = bytes_of(kData / input);
    for (int round = 0; round < 40; ++round) {
      std::vector<std::byte> damaged = bytes;
      for (int i = 0; i < 3; ++i) damaged[generator() % damaged.size()] ^= std::byte{1} << (generator() % 8);
      try {
        check(decode(damaged, input, {.max_pixels = 1 << 20}), "decoded");
        check(decode(damaged, input, {.max_pixels = 1 << 20}, kGround), "decoded on a background");
      } catch (const DataError&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 100);
}

TEST(Decode, KeepsToItsLimits) {
  for (const char* name : {"rgba8.png", "420_odd.jpg", "lossy.webp", "animated.webp", "palette.gif", "small_frame.gif",
                           "rgb24.bmp", "rgb8_lzw.tif", "colour.avif", "colour.heic"}) {
    const std::vector<std::byte> bytes = bytes_of(kData / name);
    const Image image = decode(bytes, name);
    const int64_t pixels = int64_t{image.width} * image.height;
    EXPECT_NO_THROW(decode(bytes, name, {.max_pixels = pixels, .max_file_bytes = bytes.size()}));
    EXPECT_THROW(decode(bytes, name, {.max_pixels = pixels - 1}), DataError);
    EXPECT_THROW(decode(bytes, name, {.max_pixels = pixels - 1}, kGround), DataError);
    EXPECT_THROW(decode(bytes, name, {.max_file_bytes = bytes.size() - 1}), DataError);
    EXPECT_THROW(read_image(kData / name, {.max_file_bytes = bytes.size() - 1}), DataError);
  }
}

TEST(Decode, SaysWhatIsWrongWithOtherFiles) {
  const std::string text = "<svg/>";
  const auto other = [&] { decode(std::as_bytes(std::span(text)), "cat.svg"); };
  const std::string message = thrown<DataError>(other);
  EXPECT_NE(message.find("'cat.svg' is not a PNG, JPEG, WebP, GIF, TIFF, BMP, AVIF or HEIC file"), std::string::npos)
      << message;
  EXPECT_THROW(decode({}, "empty.png"), DataError);
  EXPECT_THROW(read_image(kData / "absent.png"), DataError);
  EXPECT_THROW(read_image(kData), DataError);
}

TEST(WritePng, KeepsEveryPixel) {
  const TemporaryFolder folder;
  const Image image = noise(33, 17, 2);
  write_png(folder / "noise.png", image);
  EXPECT_EQ(distance(read_image(folder / "noise.png"), image), 0);
}

TEST(WritePng, RefusesFoldersThatDoNotExist) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_png(folder.path() / "absent" / "noise.png", noise(3, 3, 2)), DataError);
}

TEST(HasImageExtension, KnowsWhatCanBeDecoded) {
  for (const char* name :
       {"a.png", "b.JPEG", "c.d.jpg", "folder/e.WebP", "f.jfif", "g.GIF", "h.tif", "i.heic", "j.avif"})
    EXPECT_TRUE(has_image_extension(name)) << name;
  for (const char* name : {"a.txt", "png", ".png", "b.svg", "", "c.png.part"}) {
    EXPECT_FALSE(has_image_extension(name)) << name;
  }
  EXPECT_TRUE(is_foreign_picture_extension("svg"));
  EXPECT_FALSE(is_foreign_picture_extension("png") || is_foreign_picture_extension("txt"));
}

Info info_of(const std::string& name) {
  return inspect(bytes_of(kData / name), name);
}

TEST(Inspect, TellsSizesAsTheyAreDecoded) {
  for (const std::string& name : files_ending_in(kExpected)) {
    const std::string input = name.substr(0, name.size() - kExpected.size());
    const Image decoded = read_image(kData / input);
    const Info info = info_of(input);
    EXPECT_EQ(info.width, decoded.width) << input;
    EXPECT_EQ(info.height, decoded.height) << input;
  }
}

TEST(Inspect, TellsAlphaOfThoseThatABackgroundChanges) {
  for (const std::string& name : files_ending_in(kOnGround)) {
    const std::string input = name.substr(0, name.size() - kOnGround.size());
    EXPECT_TRUE(info_of(input).has_alpha) << input;
  }
  for (const char* name : {"420_odd.jpg", "lossy.webp", "palette.gif", "rgb24.bmp", "rgb8.tiff", "rgbx8.tif",
                           "colour.avif", "colour.heic", "grey16.png"}) {
    EXPECT_FALSE(info_of(name).has_alpha) << name;
  }
}

TEST(Inspect, TellsGreyAndDepth) {
  for (const char* name : {"grey1.png", "grey.jpg", "grey8.tif", "grey_alpha8.png"}) EXPECT_TRUE(info_of(name).is_grey);
  for (const char* name : {"rgba8.png", "420_odd.jpg", "rgb8.tiff", "cmyk_adobe.jpg"}) {
    EXPECT_FALSE(info_of(name).is_grey) << name;
  }
  for (const char* name : {"grey16.png", "grey16.tif"}) EXPECT_TRUE(info_of(name).is_clipped()) << name;
  for (const char* name : {"grey1.png", "grey_alpha16.png", "rgb16_interlaced.png", "rgb16.tif"}) {
    EXPECT_FALSE(info_of(name).is_clipped()) << name;
  }
  EXPECT_EQ(info_of("rgb16.tif").bits, 16);
}

TEST(Inspect, TakesNoTextForTransparency) {
  const Image image = noise(4, 4, 1);
  EXPECT_FALSE(inspect(encode_png(image, {{"title", "tRNS"}}), "text.png").has_alpha);
}

TEST(Inspect, TellsTheOrientationThatDecodeIgnores) {
  for (const char* name : {"exif_rotated.jpg", "exif6.png", "exif6.webp"})
    EXPECT_EQ(info_of(name).orientation, 6) << name;
  for (const char* name : {"420_odd.jpg", "rotated.tif", "colour.avif"})
    EXPECT_EQ(info_of(name).orientation, 1) << name;
}

TEST(Inspect, RefusesWhatDecodeRefusesByItsHeader) {
  for (const char* name : {"huge.hostile.png", "huge.hostile.jpg", "huge.hostile.gif", "huge.hostile.tif",
                           "huge.hostile.bmp", "no_frame.hostile.gif"}) {
    EXPECT_THROW(info_of(name), DataError) << name;
  }
}

}  // namespace
}  // namespace pixnerd::image
