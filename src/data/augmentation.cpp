#include "data/augmentation.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/random.h"
#include "data/order.h"
#include "image/resize.h"

namespace pixnerd::data {
namespace {

// More than are in use: a later draw then leaves the earlier ones of every position as they are.
constexpr uint64_t kDrawsPerPosition = 8;
enum Draw : uint64_t { kShiftX, kShiftY, kFlip, kScale };

int draw_shift(int64_t most, double uniform) {
  return static_cast<int>(static_cast<int64_t>(uniform * static_cast<double>(2 * most + 1)) - most);
}

int scaled(int side, double scale) {
  const double longest = 1 << 30;  // far over what any picture may have
  return static_cast<int>(std::clamp(std::round(side * scale), 1.0, longest));
}

void repeat(const uint8_t* pixel, int64_t count, uint8_t* to) {
  const uint8_t red = pixel[0], green = pixel[1], blue = pixel[2];
  for (int64_t i = 0; i < count; ++i, to += 3) {
    to[0] = red;
    to[1] = green;
    to[2] = blue;
  }
}

// A row of `width` pixels that begins at `left` of a frame, its first and last pixel repeated to the frame's sides.
void lay_row(const uint8_t* row, int64_t width, int64_t left, int64_t frame, uint8_t* to) {
  const int64_t begin = std::clamp<int64_t>(left, 0, frame), end = std::clamp<int64_t>(left + width, 0, frame);
  repeat(row, begin, to);
  if (begin < end) std::copy_n(row + 3 * (begin - left), 3 * (end - begin), to + 3 * begin);
  repeat(row + 3 * (width - 1), frame - end, to + 3 * end);
}

const uint8_t* mirror(const uint8_t* row, int64_t width, std::vector<uint8_t>& mirrored) {
  mirrored.resize(static_cast<size_t>(3 * width));
  for (int64_t x = 0; x < width; ++x) repeat(row + 3 * (width - 1 - x), 1, mirrored.data() + 3 * x);
  return mirrored.data();
}

}  // namespace

Augmentation draw_augmentation(const DataConfig& config, uint64_t seed, int64_t position) {
  const auto uniform = [&](Draw draw) {
    return random_uniform(seed, kAugmentationStream, static_cast<uint64_t>(position) * kDrawsPerPosition + draw);
  };
  return {.shift_x = draw_shift(config.shift_pixels, uniform(kShiftX)),
          .shift_y = draw_shift(config.shift_pixels, uniform(kShiftY)),
          .flip = config.horizontal_flip && uniform(kFlip) < 0.5,
          .scale = 1.0 + config.scale_percent / 100.0 * (2.0 * uniform(kScale) - 1.0)};
}

image::Image augment(const image::Image& picture, const Augmentation& augmentation) {
  image::check(picture, "picture to augment");
  const int width = scaled(picture.width, augmentation.scale), height = scaled(picture.height, augmentation.scale);
  image::Image resized;
  const image::Image* source = &picture;
  if (width != picture.width || height != picture.height) {
    resized = image::resize(picture, width, height, image::Filter::bicubic);
    source = &resized;
  }
  // Where the resized picture begins in the frame, before it where it is larger; halves are rounded towards the frame.
  const int64_t left = int64_t{(picture.width - width) / 2} + augmentation.shift_x;
  const int64_t top = int64_t{(picture.height - height) / 2} + augmentation.shift_y;
  image::Image result = image::blank(picture.width, picture.height);
  std::vector<uint8_t> mirrored;
  for (int y = 0; y < result.height; ++y) {
    const auto from_y = std::clamp<int64_t>(y - top, 0, height - 1);
    const uint8_t* from = source->row(static_cast<int>(from_y));
    if (augmentation.flip) from = mirror(from, width, mirrored);
    lay_row(from, width, left, result.width, result.row(y));
  }
  return result;
}

}  // namespace pixnerd::data
