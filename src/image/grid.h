// Many samples in one picture.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "image/image.h"

namespace pixnerd::image {

// Pictures of one size in rows of `columns` (fewer when there are fewer pictures), left to right and top to bottom,
// `padding` pixels of `background` around each and shared between neighbours; cells left over are background.
// Layout as torchvision's make_grid. DataError: no picture, unequal sizes, columns < 1, padding < 0, a result too
// large.
Image make_grid(std::span<const Image> pictures, int columns, int padding = 2, Colour background = {255, 255, 255});

// The picture in the middle of a white one of that size, itself if it has it. DataError for a size below its own.
Image centred(Image picture, int width, int height);

// What is written under a picture, in UTF-8: a name in up to two lines and below it a note, fainter, in one. What is
// too long for that ends in an ellipsis; either may be empty.
struct Label {
  std::string name;
  std::string note;
};

// make_grid on white with a label under each picture, in letters that suit its size: a row is as high as the longest
// of its labels wants. Small pictures stand in the middle of cells wide enough for a long word. DataError also unless
// there are as many labels as pictures.
Image make_labelled_grid(std::span<const Image> pictures, std::span<const Label> labels, int columns, int padding = 8);

struct GridSize {
  int64_t width = 0;
  int64_t height = 0;
};

// The size that a grid of `count` pictures will have, without labels or with one each; DataError for any other number
// of them. No picture, column or size below 1 is expected; up to 2^32 pictures of up to 2^14 pixels a side nothing
// overflows.
GridSize grid_size(int64_t count, int64_t width, int64_t height, std::span<const Label> labels, int64_t columns,
                   int64_t padding);

}  // namespace pixnerd::image
