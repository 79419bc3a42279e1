// Picture files to RGB and back: PNG (libspng), JPEG (TurboJPEG), WebP (libwebp), GIF (giflib), TIFF (libtiff), AVIF
// and HEIC (libheif), BMP (stb_image). The format is found by the file's first bytes, never by its name: ImageNet has a
// PNG called .JPEG.
//
// The pixels are those of Pillow's Image.open(f).convert("RGB"), which the published models were trained on:
//   alpha        dropped, unless the caller names a background
//   palettes     expanded; 1, 2 and 4 bit grey is scaled to 0..255, grey is repeated in the three channels
//   16 bit       the high byte of each sample; but grey is clipped to 0..255, Pillow's choice
//   CMYK         inverted as Adobe writes it, then 255 - k minus ink, no ICC profile; YCCK likewise
//   EXIF         orientation ignored, but for the one of TIFF; inspect() tells it, image/orientation.h turns
//   animations   the first frame; of a TIFF the first page, of HEIC and AVIF the primary picture, turned as it says
// PNG, lossless WebP, GIF, BMP and TIFF of grey, palettes and colour are exact; decoders of JPEG, also inside of TIFF,
// may differ by two levels, those of AVIF by a few more, as its colours are interpolated. HEIC is nothing that Pillow
// reads.
//
// With a background b, a pixel of colour c and alpha a becomes (c a + b (255 - a)) / 255 in each channel, rounded to
// the nearest (no quotient is halfway): Pillow's alpha_composite on an opaque picture. 16-bit alpha is its high byte. A
// PNG's tRNS counts as alpha: of a palette's entries, or 0 for the one grey or colour it names, compared at the file's
// full depth. Of an animation, what the first frame leaves free is transparent; it is black when alpha is dropped (of a
// GIF the colour of its transparent index). The fourth channel of a BMP is no alpha. Pixels that are opaque are the
// same with and without a background.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "image/image.h"

namespace pixnerd::image {

// What a hostile or mistaken file may cost. Sizes are checked before memory is taken.
struct DecodeLimits {
  int64_t max_pixels = kMaxPixels;
  uint64_t max_file_bytes = uint64_t{1} << 30;
};

// `name` stands for the file in messages. Without a background alpha is dropped. DataError: none of the formats,
// truncated or damaged, over the limits.
Image decode(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits = {},
             std::optional<Colour> background = {});

// The same for a file. DataError also when it cannot be read.
Image read_image(const std::filesystem::path& path, const DecodeLimits& limits = {},
                 std::optional<Colour> background = {});

// What a file says of its picture that the decoded one does not show.
struct Info {
  int width = 0, height = 0;  // as decode() gives it
  bool has_alpha = false;
  bool is_grey = false;
  int bits = 8;         // of a sample; below 8 is 8
  int orientation = 1;  // EXIF's, 1 to 8, which decode() leaves to the caller

  bool is_clipped() const { return is_grey && !has_alpha && bits == 16; }  // grey above 255 turns white
};

// Reads no pixels. DataError as decode(), but damage in the pixels is not seen.
Info inspect(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits = {});

// A text inside a PNG, an iTXt chunk.
struct PngText {
  std::string keyword;  // 1 to 79 characters of ASCII
  std::string text;     // UTF-8
};

// 8-bit RGB, not interlaced, the same bytes for the same picture and texts. DataError for an empty or inconsistent
// picture.
std::vector<std::byte> encode_png(const Image& image, const std::vector<PngText>& texts = {});

// A smaller file of nearly the same colours, which keep their full resolution where `quality` is 90 or more; no texts.
// Quality is from 1 (smallest) to 100, and 0 counts as 1. DataError as encode_png(), for another quality, and for a
// side that the format does not hold, of more than 65,535 pixels for JPEG and 16,383 for WebP.
std::vector<std::byte> encode_jpeg(const Image& image, int quality);
// The same; WebP of quality 100 is exact.
std::vector<std::byte> encode_webp(const Image& image, int quality);

// Atomic: readers see the old file or the whole new one. DataError when it cannot be written.
void write_png(const std::filesystem::path& path, const Image& image, const std::vector<PngText>& texts = {});

// The text under a keyword in a PNG file, if it has one. DataError when the file cannot be read or is no PNG.
std::optional<std::string> read_png_text(const std::filesystem::path& path, const std::string& keyword);

// The same of a file in memory, called `name` in messages. Texts in another encoding than UTF-8 are what they are.
std::optional<std::string> png_text(std::span<const std::byte> bytes, const std::string& name,
                                    const std::string& keyword);

// The formats that are read, for messages.
inline constexpr const char* kFormats = "PNG, JPEG, WebP, GIF, TIFF, BMP, AVIF or HEIC";

// "png" of "a/b.PNG": what follows the last dot of the last part, in lower case; "" where it has none.
std::string extension_of(const std::filesystem::path& path);

// Whether files of that extension are taken for pictures: png, apng, jpg, jpeg, jpe, jfif, webp, gif, tif, tiff, bmp,
// dib, avif, heic, heif, hif. The file of a path likewise.
bool is_picture_extension(std::string_view extension);
bool has_image_extension(const std::filesystem::path& path);

// Whether it is one of a picture in a format that is not read, such as svg.
bool is_foreign_picture_extension(std::string_view extension);

}  // namespace pixnerd::image
