#include "image/resize.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/errors.h"
#include "image/crop.h"
#include "tests/image/pictures.h"

namespace pixnerd::image {
namespace {

double weight(Filter filter, double x) {
  x = std::abs(x);
  if (filter == Filter::bilinear) return std::max(0.0, 1.0 - x);
  if (x < 1.0) return (1.5 * x - 2.5) * x * x + 1.0;
  return x < 2.0 ? (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5 : 0.0;
}

// One direction of the header's formula for one channel value of one row or column, taps looked up by `input`.
template <class Input>
uint8_t plain_sum(int in, int out, Filter filter, int i, Input input) {
  const double scale = static_cast<double>(in) / out, widening = std::max(scale, 1.0);
  const double reach = (filter == Filter::bilinear ? 1.0 : 2.0) * widening, centre = (i + 0.5) * scale;
  const int first = std::max(0, static_cast<int>(centre - reach + 0.5));
  const int end = std::min(in, static_cast<int>(centre + reach + 0.5));
  double total = 0.0;
  for (int j = first; j < end; ++j) total += weight(filter, (j - centre + 0.5) * (1.0 / widening));
  int64_t sum = 1 << 21;
  for (int j = first; j < end; ++j) {
    sum += std::llround(weight(filter, (j - centre + 0.5) * (1.0 / widening)) / total * (1 << 22)) * input(j);
  }
  return static_cast<uint8_t>(std::clamp<int64_t>(sum >> 22, 0, 255));
}

Image plain_resize(const Image& image, int width, int height, Filter filter) {
  Image wide = blank(width, image.height), result = blank(width, height);
  for (int y = 0; y < image.height; ++y) {
    for (int i = 0; i < 3 * width; ++i) {
      wide.row(y)[i] = plain_sum(image.width, width, filter, i / 3, [&](int j) { return image.row(y)[3 * j + i % 3]; });
    }
  }
  for (int y = 0; y < height; ++y) {
    for (int i = 0; i < 3 * width; ++i) {
      result.row(y)[i] = plain_sum(image.height, height, filter, y, [&](int j) { return wide.row(j)[i]; });
    }
  }
  return result;
}

TEST(Resize, EqualsPillow) {
  const Image source = read_image(kData / "resize_source.png");
  const std::pair<const char*, Filter> filters[] = {
      {"box", Filter::box}, {"bilinear", Filter::bilinear}, {"bicubic", Filter::bicubic}};
  for (const auto& [name, filter] : filters) {
    for (const auto& [width, height] : {std::pair{18, 14}, {50, 41}, {37, 9}}) {
      const std::string file =
          std::string("resize_") + name + "_" + std::to_string(width) + "x" + std::to_string(height) + ".png";
      EXPECT_EQ(distance(resize(source, width, height, filter), read_image(kData / file)), 0) << file;
    }
  }
}

TEST(Resize, EqualsThePlainFormulaOnOddSizes) {
  std::mt19937 generator(11);
  const auto side = [&](int most) { return static_cast<int>(1 + generator() % most); };
  for (int round = 0; round < 60; ++round) {
    const Image image = noise(side(70), side(70), round);
    const int width = round % 5 == 0 ? image.width : side(70), height = round % 7 == 0 ? image.height : side(70);
    for (const Filter filter : {Filter::bilinear, Filter::bicubic}) {
      // A side that keeps its size has no pass, and these filters then have the weights 0 and 1: no difference.
      EXPECT_EQ(distance(resize(image, width, height, filter), plain_resize(image, width, height, filter)), 0)
          << image.width << " x " << image.height << " to " << width << " x " << height;
    }
  }
}

TEST(Resize, BoxAveragesBlocks) {
  Image image = blank(4, 2);
  for (int x = 0; x < 4; ++x) {
    image.row(0)[3 * x] = static_cast<uint8_t>(10 * x);
    image.row(1)[3 * x] = static_cast<uint8_t>(10 * x + 4);
  }
  const Image half = resize(image, 2, 1, Filter::box);
  EXPECT_EQ(half.row(0)[0], 7);
  EXPECT_EQ(half.row(0)[3], 27);
}

TEST(Resize, KeepsAPictureOfTheSameSize) {
  const Image image = noise(9, 8, 4);
  EXPECT_EQ(distance(resize(image, 9, 8, Filter::bicubic), image), 0);
}

TEST(ResizePart, IsAPartOfTheWhole) {
  std::mt19937 generator(12);
  const auto below = [&](int most) { return static_cast<int>(generator() % most); };
  for (int round = 0; round < 60; ++round) {
    const Image image = noise(1 + below(60), 1 + below(60), round);
    const int width = round % 4 == 0 ? image.width : 1 + below(60);
    const int height = round % 3 == 0 ? image.height : 1 + below(60);
    const int x = below(width), y = below(height);
    const Rectangle part{x, y, 1 + below(width - x), 1 + below(height - y)};
    const Filter filter = round % 2 == 0 ? Filter::box : Filter::bicubic;
    EXPECT_EQ(
        distance(resize_part(image, width, height, filter, part), crop(resize(image, width, height, filter), part)), 0);
  }
}

TEST(ResizePart, OfAHugeTargetIsCheap) {
  const Image image = noise(2, 3000, 1);
  EXPECT_EQ(resize_part(image, 1000, 1500000, Filter::bicubic, {400, 900000, 8, 8}).rgb.size(), 192u);
}

TEST(Resize, RefusesImpossibleSizes) {
  const Image image = noise(3, 3, 1);
  EXPECT_THROW(resize(image, 0, 3, Filter::box), DataError);
  EXPECT_THROW(resize(image, 3, -1, Filter::box), DataError);
  EXPECT_THROW(resize(image, 1 << 20, 1 << 20, Filter::box), DataError);
  EXPECT_THROW(resize(Image{}, 3, 3, Filter::box), DataError);
  EXPECT_THROW(resize_part(image, 5, 5, Filter::box, {3, 0, 3, 1}), DataError);
  EXPECT_THROW(resize_part(image, 5, 5, Filter::box, {-1, 0, 3, 1}), DataError);
  EXPECT_THROW(resize_part(image, 5, 5, Filter::box, {0, 0, 5, 0}), DataError);
  EXPECT_THROW(resize_part(image, 5, 5, Filter::box, {1, 0, 2147483647, 1}), DataError);
}

}  // namespace
}  // namespace pixnerd::image
