// The two ways in which published models cut training pictures to a square.
#pragma once

#include "image/image.h"

namespace pixnerd::image {

// DataError unless `part` has pixels and lies inside the picture.
Image crop(const Image& image, const Rectangle& part);

// ImageNet, as ADM does it: halve (box filter, floored sizes) while the short side is at least 2 * size, then bicubic
// so that the short side is `size` (sizes rounded half to even), then the centre with floored offsets. Returns size x
// size. DataError: an empty picture or size < 1.
Image adm_center_crop(const Image& image, int size);

// Text to image: bilinear so that the short side is `size` and the long one floor(size * long / short), then the centre
// with offsets rounded half to even. Returns size x size. DataError: an empty picture or size < 1.
Image resize_center_crop(const Image& image, int size);

}  // namespace pixnerd::image
