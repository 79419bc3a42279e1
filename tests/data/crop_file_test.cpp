#include "data/crop_file.h"

#include <fstream>
#include <functional>

#include "core/file.h"
#include "core/text.h"
#include "tests/data/folders.h"

namespace pixnerd::data {
namespace {

constexpr int kSide = 4;

CropLayout layout_of(int64_t pictures) {
  return {concat("pixnerd squares 1\nimage_size 4\npictures ", pictures, "\n"), pictures, kSide};
}

Picture picture_of(int mark) {
  image::Info info{40 + mark, 30};
  info.has_alpha = mark % 2 == 0;
  info.is_grey = mark % 3 == 0;
  info.bits = 16;
  info.orientation = 6;
  return {marked_picture(kSide, mark), info};
}

// Of `pictures`, the third of which cannot be read.
void write_cache(const std::filesystem::path& path, int64_t pictures) {
  UnfinishedCropFile file(path.string() + ".unfinished", layout_of(pictures));
  while (file.done() < pictures) {
    const auto index = static_cast<int>(file.done());
    file.add(index == 2 ? std::nullopt : std::optional(picture_of(index + 1)));
  }
  file.commit(path);
}

void overwrite(const std::filesystem::path& path, uint64_t at, std::string_view bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(at));
  file << bytes;
}

TEST(CropFile, GivesBackEverySquareWithWhatItsFileSaid) {
  const TemporaryFolder folder;
  write_cache(folder / "c", 5);
  EXPECT_FALSE(std::filesystem::exists(folder / "c.unfinished"));
  EXPECT_EQ(std::filesystem::file_size(folder / "c"), uint64_t{8192 + 5 * kSide * kSide * 3});
  const CropFile file(folder / "c", layout_of(5));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(file.is_readable(i), i != 2);
    if (i == 2) continue;
    const auto found = file.read(i);
    ASSERT_TRUE(found);
    const Picture expected = picture_of(i + 1);
    EXPECT_EQ(found->image.rgb, expected.image.rgb);
    EXPECT_EQ(found->image.width, kSide);
    EXPECT_EQ(found->info.width, expected.info.width);
    EXPECT_EQ(found->info.height, 30);
    EXPECT_EQ(found->info.has_alpha, expected.info.has_alpha);
    EXPECT_EQ(found->info.is_grey, expected.info.is_grey);
    EXPECT_EQ(found->info.bits, 16);
    EXPECT_EQ(found->info.orientation, 6);
  }
}

TEST(CropFile, AnUnfinishedOneGoesOnAfterWhatWasKeptAndEndsInTheSameBytes) {
  const TemporaryFolder folder;
  write_cache(folder / "whole", 5);
  {
    UnfinishedCropFile file(folder / "c.unfinished", layout_of(5));
    file.add(picture_of(1));
    file.add(picture_of(2));
    file.keep();
    file.add(picture_of(9));  // is not found again
  }
  EXPECT_EQ(UnfinishedCropFile(folder / "c.unfinished", layout_of(5)).done(), 2);
  write_cache(folder / "c", 5);
  EXPECT_TRUE(read_file(folder / "c", 1 << 20) == read_file(folder / "whole", 1 << 20));
}

TEST(CropFile, OneThatDoesNotFitIsRefusedByWhatDiffers) {
  const TemporaryFolder folder;
  write_cache(folder / "c", 3);
  const auto refusal = [&](const std::string& settings) {
    return error_of([&] { CropFile(folder / "c", {settings, 3, kSide}); });
  };
  expect_contains(refusal("pixnerd squares 1\nimage_size 8\npictures 3\n"),
                  "has 'image_size 4', the data set 'image_size 8'; remove it, or name another file");
  expect_contains(refusal("pixnerd squares 1\nimage_size 4\npictures 4\n"), "is of other pictures");
  expect_contains(refusal("pixnerd squares 1\nimage_size 4\npictures 3\nnames 5\n"), "is of other pictures");
  expect_contains(refusal("pixnerd squares 1\nimage_size 4\n"), "'pictures 3'");

  write_text(folder / "other", "a letter");
  expect_contains(error_of([&] { CropFile(folder / "other", layout_of(3)); }), "no such cache");
  expect_contains(error_of([&] { UnfinishedCropFile(folder / "other", layout_of(3)); }), "no such cache");
  EXPECT_EQ(read_file(folder / "other", 100), "a letter");
  write_text(folder / "empty", "");
  expect_contains(error_of([&] { CropFile(folder / "empty", layout_of(3)); }), "no such cache");
  expect_contains(error_of([&] { UnfinishedCropFile(folder / "c", layout_of(4)); }), "is of other pictures");
}

TEST(CropFile, DamageIsRefused) {
  const TemporaryFolder folder;
  const auto damaged = [&](const std::function<void(const std::filesystem::path&)>& change) {
    write_cache(folder / "c", 3);
    change(folder / "c");
    return error_of([&] { CropFile(folder / "c", layout_of(3)); });
  };
  const uint64_t whole = layout_of(3).bytes();
  for (const uint64_t size : {whole - 1, whole + 1, uint64_t{4096}, uint64_t{5000}}) {
    expect_contains(damaged([&](const auto& path) { std::filesystem::resize_file(path, size); }), "should have");
  }
  using namespace std::string_view_literals;
  const uint64_t second = layout_of(3).record_at(1);
  for (const auto& [at, bytes] : {std::pair{0, "\0\0\0\0"sv},  // a picture without width
                                  {0, "\xff\xff\xff\xff"sv},
                                  {0, "\xff\xff\xff\x7f"sv},
                                  {8, "\0"sv},  // its state, flags, bits and orientation
                                  {8, "\x03"sv},
                                  {9, "\x04"sv},
                                  {10, "\x07"sv},
                                  {11, "\0"sv},
                                  {11, "\x09"sv}}) {
    SCOPED_TRACE(at);
    expect_contains(damaged([&, place = at, to = bytes](const auto& path) { overwrite(path, second + place, to); }),
                    "is damaged: what it says of picture 1");
  }
}

TEST(CropFile, WhatIsLostWhileItIsMappedIsNotRead) {
  const TemporaryFolder folder;
  write_cache(folder / "c", 5);
  const CropFile file(folder / "c", layout_of(5));
  EXPECT_TRUE(file.read(0));
  std::filesystem::resize_file(folder / "c", 8192);
  EXPECT_FALSE(file.read(0));
  EXPECT_FALSE(file.read(4));
}

}  // namespace
}  // namespace pixnerd::data
