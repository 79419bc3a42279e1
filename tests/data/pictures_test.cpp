#include "data/pictures.h"

#include "image/crop.h"
#include "tests/data/folders.h"

namespace pixnerd::data {
namespace {

TEST(CroppedPictures, CropsAsConfigured) {
  TemporaryFolder folder;
  image::Image wide = marked_picture(40, 3);
  wide.height = 20;
  wide.rgb.resize(size_t{20} * 40 * 3);
  write_picture(folder / "a/1.png", wide);
  DataConfig config = small_config(7);
  for (const Crop crop : {Crop::adm, Crop::resize}) {
    config.crop = crop;
    CroppedPictures pictures(folder_at(folder.path()), config);
    const auto picture = pictures.find(0);
    ASSERT_NE(picture, nullptr);
    EXPECT_EQ(picture->width, 7);
    EXPECT_EQ(picture->height, 7);
    const image::Image expected =
        crop == Crop::adm ? image::adm_center_crop(wide, 7) : image::resize_center_crop(wide, 7);
    EXPECT_EQ(picture->rgb, expected.rgb);
  }
}

TEST(CroppedPictures, SmallerSizesAreMadeOfTheLargest) {
  TemporaryFolder folder;
  write_picture(folder / "a/1.png", marked_picture(40, 3));
  DataConfig config = small_config(7);
  config.more_sizes = {20, 10};
  CroppedPictures pictures(folder_at(folder.path()), config);
  const image::Image largest = image::adm_center_crop(marked_picture(40, 3), 20);
  EXPECT_EQ(pictures.find(0, 20)->rgb, largest.rgb);
  EXPECT_EQ(pictures.find(0, 10)->rgb, image::adm_center_crop(largest, 10).rgb);
  EXPECT_EQ(pictures.find(0)->rgb, image::adm_center_crop(largest, 7).rgb);
}

TEST(CroppedPictures, NamesABrokenPictureOnceAndDoesNotTryItAgain) {
  TemporaryFolder folder;
  write_data_set(folder, 1, 2);
  write_text(folder / "a/101.png", "no picture");
  CapturedLog log;
  CroppedPictures pictures(folder_at(folder.path()), small_config());
  EXPECT_EQ(pictures.broken(), 0);
  EXPECT_EQ(pictures.find(1), nullptr);
  EXPECT_EQ(pictures.broken(), 1);
  write_picture(folder / "a/101.png", marked_picture(8, 2));
  EXPECT_EQ(pictures.find(1), nullptr);
  EXPECT_NE(pictures.find(0), nullptr);
  EXPECT_EQ(pictures.broken(), 1);
  ASSERT_EQ(log.lines().size(), 1u);
  expect_contains(log.lines()[0], "warning: ");
  expect_contains(log.lines()[0], (folder / "a/101.png").string());
}

TEST(CroppedPictures, APictureThatVanishedIsBroken) {
  TemporaryFolder folder;
  write_data_set(folder, 1, 1);
  CapturedLog log;
  CroppedPictures pictures(folder_at(folder.path()), small_config());
  std::filesystem::remove(folder / "a/100.png");
  EXPECT_EQ(pictures.find(0), nullptr);
  ASSERT_EQ(log.lines().size(), 1u);
  expect_contains(log.lines()[0], "No such file");
}

// How many of the pictures are still there once their files are gone.
int found_without_files(int64_t cache_megabytes, int64_t image_size) {
  TemporaryFolder folder;
  write_data_set(folder, 1, 4);
  CapturedLog log;
  DataConfig config = small_config(image_size);
  config.cache_megabytes = cache_megabytes;
  CroppedPictures pictures(folder_at(folder.path()), config);
  for (int64_t i = 0; i < 4; ++i) EXPECT_NE(pictures.find(i), nullptr);
  std::filesystem::remove_all(folder / "a");
  int found = 0;
  for (int64_t i = 0; i < 4; ++i) found += pictures.find(i) != nullptr;
  return found;
}

TEST(CroppedPictures, KeepsAsManyAsThereIsRoomFor) {
  EXPECT_EQ(found_without_files(0, 8), 0);
  EXPECT_EQ(found_without_files(1, 8), 4);
  EXPECT_EQ(found_without_files(1, 400), 2);  // 480 kB each
  EXPECT_EQ(found_without_files(1, 600), 0);  // 1.08 MB each
}

}  // namespace
}  // namespace pixnerd::data
