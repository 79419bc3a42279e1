#include "image/resize.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/errors.h"
#include "core/text.h"
#include "image/crop.h"

namespace pixnerd::image {
namespace {

constexpr int kPrecisionBits =
    32 - 8 - 2;  // of a weight, so that a sum of bytes fits in 32 bits with room for overshoot

double radius(Filter filter) {
  switch (filter) {
    case Filter::box:
      return 0.5;
    case Filter::bilinear:
      return 1.0;
    case Filter::bicubic:
      return 2.0;
  }
  throw DataError("resize: unknown filter");
}

double value(Filter filter, double x) {
  if (filter == Filter::box) return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
  x = std::abs(x);
  if (filter == Filter::bilinear) return x < 1.0 ? 1.0 - x : 0.0;
  constexpr double a = -0.5;
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

// The weighted sums of one direction: output i takes weights[start[i] .. start[i + 1]) from input first[i] on.
struct Taps {
  std::vector<int> first;
  std::vector<size_t> start;
  std::vector<int32_t> weights;

  int count(int i) const { return static_cast<int>(start[i + 1] - start[i]); }
  int begin() const { return first.front(); }
  int end() const { return first.back() + count(static_cast<int>(first.size()) - 1); }
};

// For outputs [offset, offset + length) of a side that goes from `in` to `out` pixels.
Taps make_taps(int in, int out, Filter filter, int offset, int length) {
  const double scale = static_cast<double>(in) / out;
  const double widening = std::max(scale, 1.0);
  const double reach = radius(filter) * widening;
  const double shrink = 1.0 / widening;
  Taps taps;
  taps.start.push_back(0);
  std::vector<double> exact;
  for (int i = offset; i < offset + length; ++i) {
    const double centre = (i + 0.5) * scale;
    const int first = std::max(static_cast<int>(centre - reach + 0.5), 0);
    const int end = std::min(static_cast<int>(centre + reach + 0.5), in);
    exact.clear();
    double sum = 0.0;
    for (int j = first; j < end; ++j) {
      exact.push_back(value(filter, (j - centre + 0.5) * shrink));
      sum += exact.back();
    }
    for (const double weight : exact) {
      const double normalised = (sum != 0.0 ? weight / sum : weight) * (1 << kPrecisionBits);
      taps.weights.push_back(static_cast<int32_t>(normalised < 0 ? normalised - 0.5 : normalised + 0.5));
    }
    taps.first.push_back(first);
    taps.start.push_back(taps.weights.size());
  }
  return taps;
}

// out[i] = clip((2^21 + sum_j weights[j] * rows[j * stride + i]) >> 22), i < kWidth: both passes are made of this.
template <int kWidth>
inline void weighted_sum(const uint8_t* rows, size_t stride, const int32_t* weights, int count, uint8_t* out) {
  int32_t sum[kWidth];
  for (int i = 0; i < kWidth; ++i) sum[i] = 1 << (kPrecisionBits - 1);
  for (int j = 0; j < count; ++j, rows += stride) {
    for (int i = 0; i < kWidth; ++i) sum[i] += weights[j] * rows[i];
  }
  for (int i = 0; i < kWidth; ++i) out[i] = static_cast<uint8_t>(std::clamp(sum[i] >> kPrecisionBits, 0, 255));
}

// Sixteen rows at a time are turned on their side, so that here too neighbours in memory share a weight.
// Makes rows [top, top + height) of the source.
Image horizontal_pass(const Image& source, const Taps& taps, int top, int height) {
  constexpr int kRows = 16;
  Image result = blank(static_cast<int>(taps.first.size()), height);
  const int begin = taps.begin(), columns = taps.end() - begin;
  std::vector<uint8_t> strip(static_cast<size_t>(columns) * 3 * kRows);
  for (int y = 0; y < height; y += kRows) {
    const int rows = std::min(kRows, height - y);
    for (int r = 0; r < rows; ++r) {
      const uint8_t* row = source.row(top + y + r) + static_cast<size_t>(begin) * 3;
      for (size_t i = 0; i < static_cast<size_t>(columns) * 3; ++i) strip[i * kRows + r] = row[i];
    }
    for (int x = 0; x < result.width; ++x) {
      uint8_t pixels[3 * kRows];
      weighted_sum<3 * kRows>(strip.data() + static_cast<size_t>(taps.first[x] - begin) * 3 * kRows, 3 * kRows,
                              taps.weights.data() + taps.start[x], taps.count(x), pixels);
      for (int r = 0; r < rows; ++r) {
        uint8_t* pixel = result.row(y + r) + static_cast<size_t>(x) * 3;
        for (int channel = 0; channel < 3; ++channel) pixel[channel] = pixels[channel * kRows + r];
      }
    }
  }
  return result;
}

// `source` begins at row `top` of the picture that the taps were made for.
Image vertical_pass(const Image& source, const Taps& taps, int top) {
  constexpr int kWidth = 64;
  Image result = blank(source.width, static_cast<int>(taps.first.size()));
  const size_t stride = source.row_bytes();
  for (int y = 0; y < result.height; ++y) {
    const uint8_t* rows = source.row(taps.first[y] - top);
    const int32_t* weights = taps.weights.data() + taps.start[y];
    uint8_t* out = result.row(y);
    size_t i = 0;
    for (; i + kWidth <= stride; i += kWidth) weighted_sum<kWidth>(rows + i, stride, weights, taps.count(y), out + i);
    for (; i < stride; ++i) weighted_sum<1>(rows + i, stride, weights, taps.count(y), out + i);
  }
  return result;
}

}  // namespace

Image resize(const Image& image, int width, int height, Filter filter) {
  return resize_part(image, width, height, filter, {0, 0, width, height});
}

Image resize_part(const Image& image, int width, int height, Filter filter, const Rectangle& part) {
  check(image, "resize");
  const bool inside = part.x >= 0 && part.y >= 0 && part.width >= 1 && part.height >= 1 &&
                      part.width <= width - part.x && part.height <= height - part.y;
  if (!inside) {
    throw DataError(concat("resize: ", part.width, " x ", part.height, " at (", part.x, ", ", part.y,
                           ") is not a part of ", width, " x ", height, " pixels"));
  }
  if (width == image.width && height == image.height) return crop(image, part);
  if (height == image.height) {
    return horizontal_pass(image, make_taps(image.width, width, filter, part.x, part.width), part.y, part.height);
  }
  const Taps vertical = make_taps(image.height, height, filter, part.y, part.height);
  const int top = vertical.begin(), rows = vertical.end() - top;
  if (width == image.width) return vertical_pass(crop(image, {part.x, top, part.width, rows}), vertical, top);
  const Taps horizontal = make_taps(image.width, width, filter, part.x, part.width);
  return vertical_pass(horizontal_pass(image, horizontal, top, rows), vertical, top);
}

}  // namespace pixnerd::image
