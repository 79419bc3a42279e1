#include "image/crop.h"

#include <gtest/gtest.h>

#include "core/errors.h"
#include "tests/image/pictures.h"

namespace pixnerd::image {
namespace {

const std::filesystem::path kGolden = "tests/golden/images";

// The golden input in_NN_*.png of an output KIND_NN_SIZE.png.
Image input_of(const std::string& number) {
  for (const auto& entry : std::filesystem::directory_iterator(kGolden)) {
    if (entry.path().filename().string().starts_with("in_" + number + "_")) return read_image(entry.path());
  }
  throw std::runtime_error("no golden input " + number);
}

template <class Crop>
int compare_golden(const std::string& kind, Crop crop_square) {
  int compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kGolden)) {
    const std::string name = entry.path().filename().string();  // adm_07_32.png
    if (!name.starts_with(kind + "_")) continue;
    const int size = std::stoi(name.substr(kind.size() + 4));
    EXPECT_EQ(distance(crop_square(input_of(name.substr(kind.size() + 1, 2)), size), read_image(entry.path())), 0)
        << name;
    ++compared;
  }
  return compared;
}

TEST(AdmCenterCrop, EqualsTheGoldenPictures) {
  EXPECT_GE(compare_golden("adm", adm_center_crop), 13);
}

TEST(ResizeCenterCrop, EqualsTheGoldenPictures) {
  EXPECT_GE(compare_golden("t2i", resize_center_crop), 13);
}

TEST(CenterCrops, KeepASquareOfTheRightSize) {
  const Image image = noise(12, 12, 1);
  EXPECT_EQ(distance(adm_center_crop(image, 12), image), 0);
  EXPECT_EQ(distance(resize_center_crop(image, 12), image), 0);
}

TEST(CenterCrops, GiveTheSizeForEveryShape) {
  for (const auto& [width, height] : {std::pair{1, 1}, {1, 500}, {700, 3}, {65, 64}, {40000, 2}}) {
    const Image image = noise(width, height, 2);
    for (const Image& square : {adm_center_crop(image, 31), resize_center_crop(image, 31)}) {
      EXPECT_EQ(square.width, 31);
      EXPECT_EQ(square.height, 31);
    }
  }
}

TEST(CenterCrops, RefuseWhatHasNoResult) {
  EXPECT_THROW(adm_center_crop(noise(4, 4, 1), 0), DataError);
  EXPECT_THROW(resize_center_crop(noise(4, 4, 1), -3), DataError);
  EXPECT_THROW(adm_center_crop(Image{}, 4), DataError);
  EXPECT_THROW(resize_center_crop(Image{}, 4), DataError);
  EXPECT_THROW(adm_center_crop(blank(1, 1 << 20), 4096), DataError);
  EXPECT_THROW(resize_center_crop(blank(1 << 20, 1), 4096), DataError);
}

TEST(Crop, TakesThePixelsOfItsPart) {
  const Image image = noise(7, 5, 1);
  const Image part = crop(image, {2, 1, 4, 3});
  ASSERT_EQ(part.width, 4);
  ASSERT_EQ(part.height, 3);
  for (int y = 0; y < 3; ++y) {
    EXPECT_TRUE(std::equal(part.row(y), part.row(y) + 12, image.row(y + 1) + 6));
  }
}

TEST(Crop, RefusesPartsOutsideThePicture) {
  const Image image = noise(7, 5, 1);
  EXPECT_THROW(crop(image, {-1, 0, 2, 2}), DataError);
  EXPECT_THROW(crop(image, {0, 4, 2, 2}), DataError);
  EXPECT_THROW(crop(image, {0, 0, 8, 1}), DataError);
  EXPECT_THROW(crop(image, {0, 0, 0, 1}), DataError);
  EXPECT_THROW(crop(image, {1, 1, 2147483647, 1}), DataError);
}

}  // namespace
}  // namespace pixnerd::image
