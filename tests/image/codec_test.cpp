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

TEST(Decode, GivesThePixelsOfPillow) {
  const std::vector<std::string> expected = files_ending_in(kExpected);
  ASSERT_GE(expected.size(), 28u);
  for (const std::string& name : expected) {
    const std::string input = name.substr(0, name.size() - kExpected.size());
    const int allowed = input.ends_with(".jpg") ? 2 : 0;
    EXPECT_LE(distance(read_image(kData / input), read_image(kData / name)), allowed) << input;
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
    EXPECT_EQ(distance(read_image(kData / input, {}, kGround), read_image(kData / name)), 0) << input;
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
        "ycck.jpg", "lossy.webp", "lossless_alpha.webp", "lossy_alpha.webp", "animated.webp"}) {
    const std::vector<std::byte> bytes = bytes_of(kData / name);
    // A PNG holds its picture without the last chunk, its checksums and what else follows the last pixel.
    const size_t needed = std::string_view(name).ends_with(".png") ? bytes.size() - 32 : bytes.size();
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
  for (const char* name : {"rgba8.png", "420_odd.jpg", "lossy.webp", "animated.webp"}) {
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
  const std::string text = "GIF89a, or so it says";
  const auto other = [&] { decode(std::as_bytes(std::span(text)), "cat.gif"); };
  const std::string message = thrown<DataError>(other);
  EXPECT_NE(message.find("'cat.gif' is not a PNG, JPEG or WebP file"), std::string::npos) << message;
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
  for (const char* name : {"a.png", "b.JPEG", "c.d.jpg", "folder/e.WebP"})
    EXPECT_TRUE(has_image_extension(name)) << name;
  for (const char* name : {"a.txt", "png", ".png", "b.gif", "", "c.png.part"}) {
    EXPECT_FALSE(has_image_extension(name)) << name;
  }
}

}  // namespace
}  // namespace pixnerd::image
