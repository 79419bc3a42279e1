// The decoder of each format behind decode() of codec.h, which has chosen by the first bytes. Private to this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "image/codec.h"
#include "image/image.h"

namespace pixnerd::image {

// Contracts as decode(); JPEG has no alpha.
Image decode_png(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits,
                 std::optional<Colour> background);
Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits);
Image decode_webp(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits,
                  std::optional<Colour> background);

// The text under a keyword in a PNG; DataError as decode_png().
std::optional<std::string> png_text(std::span<const std::byte> bytes, const std::string& name,
                                    const std::string& keyword);

// One channel of a pixel on a background; see codec.h.
inline uint8_t blend(uint8_t colour, uint8_t alpha, uint8_t background) {
  return static_cast<uint8_t>((colour * alpha + background * (255 - alpha) + 127) / 255);
}

// The picture that rgba, width * height * 4 bytes with alpha not multiplied in, makes on a background.
Image composite(int width, int height, std::vector<uint8_t> rgba, Colour background);

// DataError unless a file's header names at least one pixel and no more than the limits allow.
void check_decoded_size(int64_t width, int64_t height, const std::string& name, const DecodeLimits& limits);

}  // namespace pixnerd::image
