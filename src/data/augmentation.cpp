#include "data/augmentation.h"

#include <algorithm>
#include <cmath>

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
  const int64_t right = width - 1, bottom = height - 1;
  // Where the resized picture begins in the frame, before it where it is larger; halves are rounded towards the frame.
  const int64_t left = int64_t{(picture.width - width) / 2} + augmentation.shift_x;
  const int64_t top = int64_t{(picture.height - height) / 2} + augmentation.shift_y;
  image::Image result = image::blank(picture.width, picture.height);
  for (int y = 0; y < result.height; ++y) {
    const auto from_y = std::clamp<int64_t>(y - top, 0, bottom);
    const uint8_t* from = source->row(static_cast<int>(from_y));
    uint8_t* to = result.row(y);
    for (int x = 0; x < result.width; ++x, to += 3) {
      int64_t from_x = std::clamp<int64_t>(x - left, 0, right);
      if (augmentation.flip) from_x = right - from_x;
      std::copy_n(from + from_x * 3, 3, to);
    }
  }
  return result;
}

}  // namespace pixnerd::data
