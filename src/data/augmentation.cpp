#include "data/augmentation.h"

#include <algorithm>

#include "core/random.h"
#include "data/order.h"

namespace pixnerd::data {
namespace {

// More than are in use: a later draw then leaves the earlier ones of every position as they are.
constexpr uint64_t kDrawsPerPosition = 8;
enum Draw : uint64_t { kShiftX, kShiftY, kFlip };

int draw_shift(int64_t most, double uniform) {
  return static_cast<int>(static_cast<int64_t>(uniform * static_cast<double>(2 * most + 1)) - most);
}

}  // namespace

Augmentation draw_augmentation(const DataConfig& config, uint64_t seed, int64_t position) {
  const auto uniform = [&](Draw draw) {
    return random_uniform(seed, kAugmentationStream, static_cast<uint64_t>(position) * kDrawsPerPosition + draw);
  };
  return {.shift_x = draw_shift(config.shift_pixels, uniform(kShiftX)),
          .shift_y = draw_shift(config.shift_pixels, uniform(kShiftY)),
          .flip = config.horizontal_flip && uniform(kFlip) < 0.5};
}

image::Image augment(const image::Image& picture, const Augmentation& augmentation) {
  image::check(picture, "picture to augment");
  image::Image result = image::blank(picture.width, picture.height);
  const int64_t right = picture.width - 1;
  const int64_t bottom = picture.height - 1;
  for (int y = 0; y < picture.height; ++y) {
    const auto from_y = std::clamp<int64_t>(int64_t{y} - augmentation.shift_y, 0, bottom);
    const uint8_t* from = picture.row(static_cast<int>(from_y));
    uint8_t* to = result.row(y);
    for (int x = 0; x < picture.width; ++x, to += 3) {
      int64_t from_x = std::clamp<int64_t>(int64_t{x} - augmentation.shift_x, 0, right);
      if (augmentation.flip) from_x = right - from_x;
      std::copy_n(from + from_x * 3, 3, to);
    }
  }
  return result;
}

}  // namespace pixnerd::data
