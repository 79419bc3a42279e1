#include "image/resize.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/errors.h"
#include "core/text.h"
#include "image/crop.h"
#include "kernels/resample.h"

namespace pixnerd::image {
namespace {

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

// The weighted sums of one direction, as kernels/resample.h has them.
struct Taps {
  std::vector<int32_t> first, start, weights;

  int32_t begin() const { return first.front(); }
  int32_t end() const { return static_cast<int32_t>(view().end()); }
  kernels::ResampleTaps view() const {
    return {static_cast<int64_t>(first.size()), first.data(), start.data(), weights.data()};
  }
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
      const double normalised = (sum != 0.0 ? weight / sum : weight) * (1 << kernels::kWeightBits);
      taps.weights.push_back(static_cast<int32_t>(normalised < 0 ? normalised - 0.5 : normalised + 0.5));
    }
    taps.first.push_back(first);
    taps.start.push_back(static_cast<int32_t>(taps.weights.size()));
  }
  return taps;
}

// Makes rows [top, top + height) of the source.
Image horizontal_pass(const Image& source, const Taps& taps, int top, int height) {
  Image result = blank(static_cast<int>(taps.first.size()), height);
  kernels::resample_width(taps.view(),
                          {source.row(top), static_cast<int64_t>(source.row_bytes()), result.rgb.data(),
                           static_cast<int64_t>(result.row_bytes())},
                          {0, height});
  return result;
}

// `source` is what begins at the first row that the taps take of the picture that they were made for.
Image vertical_pass(const Image& source, Taps taps) {
  const int32_t top = taps.begin();
  for (int32_t& first : taps.first) first -= top;
  Image result = blank(source.width, static_cast<int>(taps.first.size()));
  const auto row_bytes = static_cast<int64_t>(source.row_bytes());
  kernels::resample_height(taps.view(), row_bytes, {source.rgb.data(), row_bytes, result.rgb.data(), row_bytes},
                           {0, result.height});
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
  if (width == image.width) return vertical_pass(crop(image, {part.x, top, part.width, rows}), vertical);
  const Taps horizontal = make_taps(image.width, width, filter, part.x, part.width);
  return vertical_pass(horizontal_pass(image, horizontal, top, rows), vertical);
}

}  // namespace pixnerd::image
