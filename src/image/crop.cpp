#include "image/crop.h"

#include <algorithm>
#include <cmath>

#include "core/errors.h"
#include "core/text.h"
#include "image/resize.h"

namespace pixnerd::image {
namespace {

void check_size(int size) {
  if (size < 1) throw DataError(concat("centre crop: the size must be at least 1, not ", size));
}

// A side may only be used as a whole number when it fits in one: 1 x 100000 pixels grow without bound.
int side(double length) {
  constexpr double kLongest = 1 << 30;
  if (length > kLongest)
    throw DataError(concat("centre crop: a picture this narrow would be ", length, " pixels long"));
  return static_cast<int>(length);
}

}  // namespace

Image crop(const Image& image, const Rectangle& part) {
  check(image, "crop");
  const bool inside = part.x >= 0 && part.y >= 0 && part.width >= 1 && part.height >= 1 &&
                      part.width <= image.width - part.x && part.height <= image.height - part.y;
  if (!inside) {
    throw DataError(concat("crop: ", part.width, " x ", part.height, " at (", part.x, ", ", part.y,
                           ") is not a part of a picture of ", image.width, " x ", image.height, " pixels"));
  }
  Image result = blank(part.width, part.height);
  for (int y = 0; y < part.height; ++y) {
    std::copy_n(image.row(part.y + y) + static_cast<size_t>(part.x) * 3, result.row_bytes(), result.row(y));
  }
  return result;
}

Image adm_center_crop(const Image& image, int size) {
  check(image, "centre crop");
  check_size(size);
  Image halved;
  const Image* source = &image;
  while (std::min(source->width, source->height) / 2 >= size) {
    halved = resize(*source, source->width / 2, source->height / 2, Filter::box);
    source = &halved;
  }
  const double scale = static_cast<double>(size) / std::min(source->width, source->height);
  const int width = side(std::nearbyint(source->width * scale));
  const int height = side(std::nearbyint(source->height * scale));
  return resize_part(*source, width, height, Filter::bicubic, {(width - size) / 2, (height - size) / 2, size, size});
}

Image resize_center_crop(const Image& image, int size) {
  check(image, "centre crop");
  check_size(size);
  const int shorter = std::min(image.width, image.height), longer = std::max(image.width, image.height);
  const int length = side(static_cast<double>(size) * longer / shorter);
  const int offset = static_cast<int>(std::nearbyint((length - size) / 2.0));
  if (image.width <= image.height) return resize_part(image, size, length, Filter::bilinear, {0, offset, size, size});
  return resize_part(image, length, size, Filter::bilinear, {offset, 0, size, size});
}

}  // namespace pixnerd::image
