// Picture files as people see them, for what is to be changed and not learnt from: turned as EXIF's orientation asks,
// 16-bit grey by its high byte, alpha beside the colours.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/image.h"

namespace pixnerd::image {

inline constexpr int64_t kMostUprightPixels = int64_t{1} << 26;

struct UprightImage {
  Image colours;               // without alpha, also where it is transparent
  std::vector<uint8_t> alpha;  // one byte a pixel, 255 is opaque; empty: the file has none, or all of it is opaque
};

// DataError as decode() of codec.h, and for pictures of more than kMostUprightPixels. `content` is the file's.
UprightImage upright(const std::string& content, const std::string& name);

// One byte a pixel, its luma, (19595 R + 38470 G + 7471 B + 2^15) >> 16, as Pillow's "L" has it; what is transparent is
// on black.
std::vector<uint8_t> luma(const UprightImage& image);

}  // namespace pixnerd::image
