#include "image/upright.h"

#include <algorithm>
#include <span>

#include "image/codec.h"
#include "image/formats.h"
#include "image/orientation.h"

namespace pixnerd::image {

UprightImage upright(const std::string& content, const std::string& name) {
  const auto bytes = std::as_bytes(std::span(content));
  DecodeLimits limits;
  limits.max_pixels = kMostUprightPixels;
  const Info info = inspect(bytes, name, limits);
  const bool is_deep_grey = info.is_grey && info.bits == 16;
  const auto decoded = [&](std::optional<Colour> background) {
    const auto decoder = !is_deep_grey ? decode : is_png(bytes) ? decode_png_unclipped : decode_tiff_unclipped;
    return oriented(decoder(bytes, name, limits, background), info.orientation);
  };
  UprightImage picture{decoded({}), {}};
  if (!info.has_alpha) return picture;
  // On white a pixel is brighter than on black by 255 - alpha, in each channel: both are rounded alike.
  const Image black = decoded(Colour{0, 0, 0}), white = decoded(Colour{255, 255, 255});
  for (size_t i = 0; i < black.rgb.size(); i += 3) {
    picture.alpha.push_back(static_cast<uint8_t>(255 - (white.rgb[i] - black.rgb[i])));
  }
  const bool is_opaque = std::all_of(picture.alpha.begin(), picture.alpha.end(), [](uint8_t a) { return a == 255; });
  if (is_opaque) picture.alpha.clear();
  return picture;
}

std::vector<uint8_t> luma(const UprightImage& image) {
  std::vector<uint8_t> result;
  for (size_t i = 0; i < image.colours.rgb.size() / 3; ++i) {
    const uint8_t* const rgb = image.colours.rgb.data() + 3 * i;
    const auto grey = static_cast<uint8_t>((19595 * rgb[0] + 38470 * rgb[1] + 7471 * rgb[2] + (1 << 15)) >> 16);
    result.push_back(image.alpha.empty() ? grey : blend(grey, image.alpha[i], 0));
  }
  return result;
}

}  // namespace pixnerd::image
