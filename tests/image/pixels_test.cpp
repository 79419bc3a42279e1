#include "image/pixels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/errors.h"
#include "tests/image/pictures.h"

namespace pixnerd::image {
namespace {

TEST(ToModelRange, HasTheReferencesRounding) {
  EXPECT_EQ(to_model_range(0), -1.0f);
  EXPECT_EQ(to_model_range(255), 1.0f);
  EXPECT_EQ(to_unit_range(51), 0.2f);
  // Where one rounding more or less shows, from tests/golden/preprocess.safetensors.
  EXPECT_EQ(to_model_range(64), -0.4980392f);
  EXPECT_EQ(undo_from_model_range(64), -0.49803922f);
  EXPECT_EQ(to_model_range(65), -0.49019605f);
  EXPECT_EQ(undo_from_model_range(65), -0.49019608f);
}

TEST(ToModelRange, MakesPlanes) {
  const std::vector<uint8_t> hwc = {0, 51, 255, 102, 153, 204};
  std::vector<float> chw(6);
  to_model_range(hwc, 2, 1, chw.data());
  const uint8_t planes[] = {0, 102, 51, 153, 255, 204};
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(chw[i], to_model_range(planes[i]));
}

TEST(ToModelRange, RefusesOtherSizes) {
  std::vector<float> chw(12);
  EXPECT_THROW(to_model_range(std::vector<uint8_t>(11), 2, 2, chw.data()), DataError);
  EXPECT_THROW(to_model_range(std::vector<uint8_t>(12), -2, -2, chw.data()), DataError);
  EXPECT_THROW(to_model_range({}, 0, 4, chw.data()), DataError);
}

TEST(FromModelRange, UndoesBothWays) {
  for (int value = 0; value < 256; ++value) {
    EXPECT_EQ(from_model_range(to_model_range(static_cast<uint8_t>(value))), value);
    EXPECT_EQ(from_model_range(undo_from_model_range(static_cast<uint8_t>(value))), value);
  }
}

TEST(FromModelRange, RoundsAndClips) {
  EXPECT_EQ(from_model_range(-1.0f), 0);
  EXPECT_EQ(from_model_range(0.0f), 128);
  EXPECT_EQ(from_model_range(0.999f), 255);
  EXPECT_EQ(from_model_range(-1e30f), 0);
  EXPECT_EQ(from_model_range(1e30f), 255);
  EXPECT_EQ(from_model_range(std::numeric_limits<float>::infinity()), 255);
  EXPECT_EQ(from_model_range(-std::numeric_limits<float>::infinity()), 0);
  EXPECT_EQ(from_model_range(std::nanf("")), 0);
}

TEST(FromModelRange, MakesPictures) {
  const Image image = noise(5, 3, 1);
  std::vector<float> chw(45);
  to_model_range(image.rgb, 5, 3, chw.data());
  EXPECT_EQ(distance(from_model_range(chw.data(), 5, 3), image), 0);
  EXPECT_THROW(from_model_range(chw.data(), 0, 3), DataError);
}

}  // namespace
}  // namespace pixnerd::image
