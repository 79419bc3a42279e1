#include "image/pixels.h"

#include <array>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::image {
namespace {

std::array<float, 256> model_range_table() {
  std::array<float, 256> table;
  for (int value = 0; value < 256; ++value) table[value] = to_model_range(static_cast<uint8_t>(value));
  return table;
}

}  // namespace

float to_unit_range(uint8_t value) {
  return static_cast<float>(value) / 255.0f;
}

float to_model_range(uint8_t value) {
  return (to_unit_range(value) - 0.5f) / 0.5f;
}

float undo_from_model_range(uint8_t value) {
  return (static_cast<float>(value) - 127.5f) / 127.5f;
}

void to_model_range(std::span<const uint8_t> hwc, int width, int height, float* chw) {
  const size_t pixels = width < 1 || height < 1 ? 0 : static_cast<size_t>(width) * static_cast<size_t>(height);
  if (pixels == 0 || hwc.size() != pixels * 3) {
    throw DataError(concat(hwc.size(), " bytes are not an RGB picture of ", width, " x ", height, " pixels"));
  }
  static const std::array<float, 256> table = model_range_table();
  for (size_t i = 0; i < pixels; ++i) {
    chw[i] = table[hwc[3 * i]];
    chw[pixels + i] = table[hwc[3 * i + 1]];
    chw[2 * pixels + i] = table[hwc[3 * i + 2]];
  }
}

uint8_t from_model_range(float x) {
  // Volatile keeps a compiler that may fuse from making one rounding of the two that the reference has.
  const volatile float scaled = (x + 1.0f) * 127.5f;
  const float shifted = scaled + 0.5f;
  if (!(shifted > 0.0f)) return 0;
  return shifted < 255.0f ? static_cast<uint8_t>(shifted) : 255;
}

Image from_model_range(const float* chw, int width, int height) {
  Image image = blank(width, height);
  const size_t pixels = image.rgb.size() / 3;
  for (size_t i = 0; i < pixels; ++i) {
    for (size_t channel = 0; channel < 3; ++channel) {
      image.rgb[3 * i + channel] = from_model_range(chw[channel * pixels + i]);
    }
  }
  return image;
}

}  // namespace pixnerd::image
