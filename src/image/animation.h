// Animated WebP, as browsers play it: how samples come out of noise, frame by frame.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

#include "image/image.h"

namespace pixnerd::image {

// kLossless keeps every pixel; 0..99 is the quality of lossy frames, whose colour has half the resolution but which are
// a tenth of the size where a picture is mostly noise.
inline constexpr int kLossless = 100;

// Frames of one size, each shown for `milliseconds_per_frame`, the last for `last_frame_hold_ms`, repeated for ever.
// Equal neighbours become one frame of their joint duration. DataError: no frame, unequal sizes, a side over 16383
// pixels, a duration under 1 or over 2^24 - 1 ms, a quality outside 0..100.
std::vector<std::byte> encode_webp_animation(std::span<const Image> frames, int milliseconds_per_frame,
                                             int last_frame_hold_ms, int quality = kLossless);

// The same, written atomically. DataError also when the file cannot be written.
void write_webp_animation(const std::filesystem::path& path, std::span<const Image> frames, int milliseconds_per_frame,
                          int last_frame_hold_ms, int quality = kLossless);

}  // namespace pixnerd::image
