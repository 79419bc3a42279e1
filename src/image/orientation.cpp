#include "image/orientation.h"

#include <algorithm>

namespace pixnerd::image {

Image oriented(Image image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const bool on_side = lies_on_its_side(orientation);
  const int width = on_side ? image.height : image.width, height = on_side ? image.width : image.height;
  Image turned = blank(width, height);
  // Where the first row and the first column of the file belong: EXIF 2.3, 4.6.4.
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  for (int y = 0; y < height; ++y) {
    const int v = from_bottom ? height - 1 - y : y;
    for (int x = 0; x < width; ++x) {
      const int u = from_right ? width - 1 - x : x;
      const uint8_t* const source = on_side ? image.row(u) + size_t{3} * static_cast<size_t>(v)
                                            : image.row(v) + size_t{3} * static_cast<size_t>(u);
      std::copy_n(source, 3, turned.row(y) + size_t{3} * static_cast<size_t>(x));
    }
  }
  return turned;
}

}  // namespace pixnerd::image
