// A picture in memory: what every codec, crop and grid of this folder takes and returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace pixnerd::image {

// 8-bit RGB, row-major from the top left, three bytes a pixel: rgb.size() == width * height * 3.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;

  size_t row_bytes() const { return static_cast<size_t>(width) * 3; }
  const uint8_t* row(int y) const { return rgb.data() + static_cast<size_t>(y) * row_bytes(); }
  uint8_t* row(int y) { return rgb.data() + static_cast<size_t>(y) * row_bytes(); }
};

// A part of a picture in whole pixels, (x, y) its top left corner.
struct Rectangle {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

struct Colour {
  uint8_t red = 0;
  uint8_t green = 0;
  uint8_t blue = 0;
};

// A black picture. DataError unless both sides are at least 1 and there are at most kMaxPixels pixels.
Image blank(int width, int height);

// DataError unless both sides are at least 1 and rgb holds width * height pixels; `what` opens the message.
void check(const Image& image, std::string_view what);

// No picture of more pixels (16384 x 16384) is decoded or made.
inline constexpr int64_t kMaxPixels = int64_t{1} << 28;

}  // namespace pixnerd::image
