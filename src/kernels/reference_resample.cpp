#include <algorithm>

#include "kernels/reference.h"

namespace pixnerd::kernels::reference {
namespace {

// Of inputs that lie `step` bytes apart.
uint8_t weighted_sum(const ResampleTaps& taps, int64_t output, const uint8_t* x, int64_t step) {
  int32_t sum = 1 << (kWeightBits - 1);
  for (int32_t j = 0; j < taps.count(output); ++j) {
    sum += taps.weights[taps.start[output] + j] * x[(taps.first[output] + j) * step];
  }
  return static_cast<uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

}  // namespace

void resample_width(const ResampleTaps& taps, const ResampleRows& pixels, Range rows) {
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    for (int64_t i = 0; i < 3 * taps.outputs; ++i) {
      pixels.y[row * pixels.y_stride + i] = weighted_sum(taps, i / 3, pixels.x + row * pixels.x_stride + i % 3, 3);
    }
  }
}

void resample_height(const ResampleTaps& taps, int64_t width, const ResampleRows& pixels, Range outputs) {
  for (int64_t row = outputs.begin; row < outputs.end; ++row) {
    for (int64_t i = 0; i < width; ++i) {
      pixels.y[row * pixels.y_stride + i] = weighted_sum(taps, row, pixels.x + i, pixels.x_stride);
    }
  }
}

}  // namespace pixnerd::kernels::reference
