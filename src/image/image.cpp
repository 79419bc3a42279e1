#include "image/image.h"

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::image {

Image blank(int width, int height) {
  if (width < 1 || height < 1) throw DataError(concat("a picture of ", width, " x ", height, " pixels has no pixels"));
  if (static_cast<int64_t>(width) * height > kMaxPixels) {
    throw DataError(concat("a picture of ", width, " x ", height, " pixels is over the limit of ", kMaxPixels));
  }
  return {width, height, std::vector<uint8_t>(static_cast<size_t>(width) * static_cast<size_t>(height) * 3)};
}

void check(const Image& image, std::string_view what) {
  const bool sized = image.width >= 1 && image.height >= 1;
  const auto pixels = sized ? static_cast<size_t>(image.width) * static_cast<size_t>(image.height) : 0;
  if (sized && image.rgb.size() == pixels * 3) return;
  throw DataError(concat(what, ": a picture of ", image.width, " x ", image.height, " pixels with ", image.rgb.size(),
                         " bytes; it needs at least one pixel and three bytes for each"));
}

}  // namespace pixnerd::image
