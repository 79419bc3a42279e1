#include "image/grid.h"

#include <algorithm>
#include <limits>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::image {
namespace {

// The side of a grid of `cells` cells, refused before it overflows.
int side_of(int64_t cells, int64_t cell, int64_t padding) {
  const int64_t step = cell + padding;
  if (cells > (std::numeric_limits<int>::max() - padding) / step) {
    throw DataError(concat("grid: ", cells, " pictures of ", cell, " pixels in a row are too many"));
  }
  return static_cast<int>(cells * step + padding);
}

Image filled(int width, int height, Colour colour) {
  Image image = blank(width, height);
  for (size_t i = 0; i < image.rgb.size(); i += 3) {
    image.rgb[i] = colour.red;
    image.rgb[i + 1] = colour.green;
    image.rgb[i + 2] = colour.blue;
  }
  return image;
}

void paste(const Image& picture, Image& canvas, int left, int top) {
  for (int y = 0; y < picture.height; ++y) {
    std::copy_n(picture.row(y), picture.row_bytes(), canvas.row(top + y) + static_cast<size_t>(left) * 3);
  }
}

}  // namespace

Image make_grid(std::span<const Image> pictures, int columns, int padding, Colour background) {
  if (pictures.empty()) throw DataError("grid: there is no picture to show");
  if (columns < 1 || padding < 0) {
    throw DataError(concat("grid: columns must be at least 1 and padding at least 0, not ", columns, " and ", padding));
  }
  const int width = pictures[0].width, height = pictures[0].height;
  for (const Image& picture : pictures) {
    check(picture, "grid");
    if (picture.width != width || picture.height != height) {
      throw DataError(concat("grid: all pictures must have one size, but there are ", width, " x ", height, " and ",
                             picture.width, " x ", picture.height));
    }
  }
  const auto count = static_cast<int64_t>(pictures.size());
  const int64_t used = std::min<int64_t>(columns, count);
  const int64_t rows = (count + used - 1) / used;
  Image canvas = filled(side_of(used, width, padding), side_of(rows, height, padding), background);
  for (int64_t i = 0; i < count; ++i) {
    const auto column = static_cast<int>(i % used), row = static_cast<int>(i / used);
    paste(pictures[i], canvas, padding + column * (width + padding), padding + row * (height + padding));
  }
  return canvas;
}

}  // namespace pixnerd::image
