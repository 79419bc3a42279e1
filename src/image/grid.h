// Many samples in one picture.
#pragma once

#include <span>

#include "image/image.h"

namespace pixnerd::image {

// Pictures of one size in rows of `columns` (fewer when there are fewer pictures), left to right and top to bottom,
// `padding` pixels of `background` around each and shared between neighbours; cells left over are background.
// Layout as torchvision's make_grid. DataError: no picture, unequal sizes, columns < 1, padding < 0, a result too
// large.
Image make_grid(std::span<const Image> pictures, int columns, int padding = 2, Colour background = {255, 255, 255});

}  // namespace pixnerd::image
