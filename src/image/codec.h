// Picture files to RGB and back: PNG (libspng), JPEG (TurboJPEG) and WebP (libwebp). The format is found by the file's
// first bytes, never by its name: ImageNet has a PNG called .JPEG.
//
// The pixels are those of Pillow's Image.open(f).convert("RGB"), which the published models were trained on:
//   alpha        dropped, unless the caller names a background
//   palettes     expanded; 1, 2 and 4 bit grey is scaled to 0..255, grey is repeated in the three channels
//   16 bit       the high byte of each sample; but grey is clipped to 0..255, Pillow's choice
//   CMYK         inverted as Adobe writes it, then 255 - k minus ink, no ICC profile; YCCK likewise
//   EXIF         orientation ignored
//   animations   the first frame
// PNG and lossless WebP are exact; JPEG decoders may differ by two levels.
//
// With a background b, a pixel of colour c and alpha a becomes (c a + b (255 - a)) / 255 in each channel, rounded to
// the nearest (no quotient is halfway): Pillow's alpha_composite on an opaque picture. 16-bit alpha is its high byte. A
// PNG's tRNS counts as alpha: of a palette's entries, or 0 for the one grey or colour it names, compared at the file's
// full depth. Of an animation, what the first frame leaves free is transparent; it is black when alpha is dropped.
// Pixels that are opaque are the same with and without a background.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "image/image.h"

namespace pixnerd::image {

// What a hostile or mistaken file may cost. Sizes are checked before memory is taken.
struct DecodeLimits {
  int64_t max_pixels = kMaxPixels;
  uint64_t max_file_bytes = uint64_t{1} << 30;
};

// `name` stands for the file in messages. Without a background alpha is dropped. DataError: none of the three formats,
// truncated or damaged, over the limits.
Image decode(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits = {},
             std::optional<Colour> background = {});

// The same for a file. DataError also when it cannot be read.
Image read_image(const std::filesystem::path& path, const DecodeLimits& limits = {},
                 std::optional<Colour> background = {});

// A text inside a PNG, an iTXt chunk.
struct PngText {
  std::string keyword;  // 1 to 79 characters of ASCII
  std::string text;     // UTF-8
};

// 8-bit RGB, not interlaced, the same bytes for the same picture and texts. DataError for an empty or inconsistent
// picture.
std::vector<std::byte> encode_png(const Image& image, const std::vector<PngText>& texts = {});

// Atomic: readers see the old file or the whole new one. DataError when it cannot be written.
void write_png(const std::filesystem::path& path, const Image& image, const std::vector<PngText>& texts = {});

// The text under a keyword in a PNG file, if it has one. DataError when the file cannot be read or is no PNG.
std::optional<std::string> read_png_text(const std::filesystem::path& path, const std::string& keyword);

// Whether a folder's file should be taken for a picture: .png, .jpg, .jpeg or .webp in any case.
bool has_image_extension(const std::filesystem::path& path);

}  // namespace pixnerd::image
