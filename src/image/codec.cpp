#include "image/codec.h"

#include <algorithm>
#include <array>
#include <ostream>
#include <string_view>
#include <utility>

#include "core/errors.h"
#include "core/file.h"
#include "core/text.h"
#include "image/formats.h"

namespace pixnerd::image {
namespace {

bool starts_with(std::span<const std::byte> bytes, std::string_view magic, size_t offset = 0) {
  if (bytes.size() < offset + magic.size()) return false;
  return std::equal(magic.begin(), magic.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset),
                    [](char a, std::byte b) { return static_cast<std::byte>(a) == b; });
}

}  // namespace

Image decode(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits,
             std::optional<Colour> background) {
  if (bytes.empty()) throw DataError(concat("picture ", quoted(name), ": the file is empty"));
  if (bytes.size() > limits.max_file_bytes) {
    throw DataError(concat("picture ", quoted(name), ": ", human_bytes(bytes.size()), " are over the limit of ",
                           human_bytes(limits.max_file_bytes)));
  }
  if (starts_with(bytes, "\x89PNG\r\n\x1a\n")) return decode_png(bytes, name, limits, background);
  if (starts_with(bytes, "\xff\xd8\xff")) return decode_jpeg(bytes, name, limits);
  if (starts_with(bytes, "RIFF") && starts_with(bytes, "WEBP", 8)) return decode_webp(bytes, name, limits, background);
  throw DataError(concat("picture ", quoted(name), " is not a PNG, JPEG or WebP file: convert it to one of them"));
}

Image read_image(const std::filesystem::path& path, const DecodeLimits& limits, std::optional<Colour> background) {
  const std::string content = read_file(path, limits.max_file_bytes);
  return decode(std::as_bytes(std::span(content)), path.string(), limits, background);
}

std::optional<std::string> read_png_text(const std::filesystem::path& path, const std::string& keyword) {
  const std::string content = read_file(path, DecodeLimits{}.max_file_bytes);
  return png_text(std::as_bytes(std::span(content)), path.string(), keyword);
}

void write_png(const std::filesystem::path& path, const Image& image, const std::vector<PngText>& texts) {
  const std::vector<std::byte> bytes = encode_png(image, texts);
  write_file_atomically(path, [&](std::ostream& out) {
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  });
}

bool has_image_extension(const std::filesystem::path& path) {
  static constexpr std::array<std::string_view, 4> kExtensions = {".png", ".jpg", ".jpeg", ".webp"};
  const std::string extension = ascii_lower(path.extension().string());
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

Image composite(int width, int height, std::vector<uint8_t> rgba, Colour background) {
  const size_t pixels = rgba.size() / 4;
  // In place: the three bytes of a pixel never overtake the four of the next.
  for (size_t i = 0; i < pixels; ++i) {
    const uint8_t alpha = rgba[4 * i + 3];
    rgba[3 * i] = blend(rgba[4 * i], alpha, background.red);
    rgba[3 * i + 1] = blend(rgba[4 * i + 1], alpha, background.green);
    rgba[3 * i + 2] = blend(rgba[4 * i + 2], alpha, background.blue);
  }
  rgba.resize(pixels * 3);
  return {width, height, std::move(rgba)};
}

void check_decoded_size(int64_t width, int64_t height, const std::string& name, const DecodeLimits& limits) {
  if (width < 1 || height < 1) {
    throw DataError(concat("picture ", quoted(name), ": a size of ", width, " x ", height, " pixels"));
  }
  if (width > std::min(limits.max_pixels, kMaxPixels) / height) {
    throw DataError(concat("picture ", quoted(name), ": ", width, " x ", height, " pixels are over the limit of ",
                           std::min(limits.max_pixels, kMaxPixels), " pixels"));
  }
}

}  // namespace pixnerd::image
