// Bytes to the numbers a network sees and back. Images live in [-1, 1], planar (CHW), in float32.
#pragma once

#include <cstdint>
#include <span>

#include "image/image.h"

namespace pixnerd::image {

// u / 255, as ToTensor gives it.
float to_unit_range(uint8_t value);

// (u / 255 - 0.5) / 0.5, each operation rounded to float32, for all of 0..255; exactly -1 and 1 at the ends.
float to_model_range(uint8_t value);

// (u - 127.5) / 127.5: the official uint82fp, which undoes from_model_range and differs from to_model_range by one ulp.
float undo_from_model_range(uint8_t value);

// hwc: height * width * 3 bytes -> chw: 3 * height * width floats. DataError when hwc has another
// size or a side is below 1.
void to_model_range(std::span<const uint8_t> hwc, int width, int height, float* chw);

// trunc(clip((x + 1) * 127.5 + 0.5, 0, 255)) in float32; NaN gives 0.
uint8_t from_model_range(float x);

// chw: 3 * height * width floats. DataError for sizes that blank() refuses.
Image from_model_range(const float* chw, int width, int height);

}  // namespace pixnerd::image
