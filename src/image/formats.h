// The decoder of each format behind decode() of codec.h, which has chosen by the first bytes. Private to this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "image/codec.h"
#include "image/image.h"

namespace pixnerd::image {

// Contracts as decode().
Image decode_png(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits);
Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits);
Image decode_webp(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits);

// DataError unless a file's header names at least one pixel and no more than the limits allow.
void check_decoded_size(int64_t width, int64_t height, const std::string& name, const DecodeLimits& limits);

}  // namespace pixnerd::image
