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

// Contracts as decode() and inspect(); JPEG and BMP have no alpha.
#define PIXNERD_FORMAT(format)                                                                                 \
  Image decode_##format(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits, \
                        std::optional<Colour> background);                                                     \
  Info inspect_##format(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits)

PIXNERD_FORMAT(png);
PIXNERD_FORMAT(jpeg);
PIXNERD_FORMAT(webp);
PIXNERD_FORMAT(gif);
PIXNERD_FORMAT(tiff);
PIXNERD_FORMAT(heif);
PIXNERD_FORMAT(bmp);
#undef PIXNERD_FORMAT

// decode(), but for 16-bit grey, of which the high byte is taken: those of the formats that have such pictures.
Image decode_png_unclipped(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits,
                           std::optional<Colour> background);
Image decode_tiff_unclipped(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits,
                            std::optional<Colour> background);

// Whether a file is PNG by its first bytes.
bool is_png(std::span<const std::byte> bytes);

// Whether a file is HEIC or AVIF by its first bytes.
bool is_heif(std::span<const std::byte> bytes);

// EXIF's orientation, 1 to 8, of a whole JPEG file, or of a block of EXIF as PNG and WebP hold it, which begins with
// the order of its bytes; 1 where there is none, or none that makes sense.
int orientation_of_jpeg(std::span<const std::byte> file);
int orientation_of_exif(std::span<const std::byte> block);

// One channel of a pixel on a background; see codec.h.
inline uint8_t blend(uint8_t colour, uint8_t alpha, uint8_t background) {
  return static_cast<uint8_t>((colour * alpha + background * (255 - alpha) + 127) / 255);
}

// The picture that rgba, width * height * 4 bytes with alpha not multiplied in, makes on a background.
Image composite(int width, int height, std::vector<uint8_t> rgba, Colour background);

// The same without its alpha.
Image without_alpha(int width, int height, std::vector<uint8_t> rgba);

// DataError unless a file's header names at least one pixel and no more than the limits allow.
void check_decoded_size(int64_t width, int64_t height, const std::string& name, const DecodeLimits& limits);

}  // namespace pixnerd::image
