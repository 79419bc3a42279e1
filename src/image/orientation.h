// Pictures as their cameras were held: EXIF's orientation, which decode() of codec.h ignores.
#pragma once

#include "image/image.h"

namespace pixnerd::image {

// The picture turned and mirrored as EXIF's `orientation` asks, 1 to 8: equal to Pillow's ImageOps.exif_transpose.
// 1 and whatever is out of range change nothing.
Image oriented(Image image, int orientation);

// Whether that exchanges width and height.
constexpr bool lies_on_its_side(int orientation) {
  return orientation >= 5 && orientation <= 8;
}

}  // namespace pixnerd::image
