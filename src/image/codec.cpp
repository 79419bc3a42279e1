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

bool is_tiff(std::span<const std::byte> bytes) {
  using namespace std::string_view_literals;
  return starts_with(bytes, "II*\0"sv) || starts_with(bytes, "MM\0*"sv) || starts_with(bytes, "II+\0"sv) ||
         starts_with(bytes, "MM\0+"sv);
}

struct Format {
  bool (*is)(std::span<const std::byte> bytes);
  Image (*decode)(std::span<const std::byte>, const std::string&, const DecodeLimits&, std::optional<Colour>);
  Info (*inspect)(std::span<const std::byte>, const std::string&, const DecodeLimits&);
};

constexpr Format kKnown[] = {
    {is_png, decode_png, inspect_png},
    {[](auto bytes) { return starts_with(bytes, "\xff\xd8\xff"); }, decode_jpeg, inspect_jpeg},
    {[](auto bytes) { return starts_with(bytes, "RIFF") && starts_with(bytes, "WEBP", 8); }, decode_webp, inspect_webp},
    {[](auto bytes) { return starts_with(bytes, "GIF87a") || starts_with(bytes, "GIF89a"); }, decode_gif, inspect_gif},
    {is_tiff, decode_tiff, inspect_tiff},
    {is_heif, decode_heif, inspect_heif},
    {[](auto bytes) { return starts_with(bytes, "BM"); }, decode_bmp, inspect_bmp},
};

const Format& format_of(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits) {
  if (bytes.empty()) throw DataError(concat("picture '", name, "': the file is empty"));
  if (bytes.size() > limits.max_file_bytes) {
    throw DataError(concat("picture ", quoted(name), ": ", human_bytes(bytes.size()), " are over the limit of ",
                           human_bytes(limits.max_file_bytes)));
  }
  for (const Format& format : kKnown) {
    if (format.is(bytes)) return format;
  }
  throw DataError(concat("picture '", name, "' is not a ", kFormats, " file: convert it to one of them"));
}

template <size_t N>
bool is_among(std::string_view extension, const std::array<std::string_view, N>& all) {
  return std::find(all.begin(), all.end(), extension) != all.end();
}

}  // namespace

bool is_png(std::span<const std::byte> bytes) {
  return starts_with(bytes, "\x89PNG\r\n\x1a\n");
}

Image decode(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits,
             std::optional<Colour> background) {
  return format_of(bytes, name, limits).decode(bytes, name, limits, background);
}

Info inspect(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits) {
  return format_of(bytes, name, limits).inspect(bytes, name, limits);
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

std::string extension_of(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  if (extension.empty()) return extension;
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return extension.substr(1);
}

bool is_picture_extension(std::string_view extension) {
  static constexpr std::array<std::string_view, 16> kRead = {"png",  "apng", "jpg",  "jpeg", "jpe", "jfif",
                                                             "webp", "gif",  "tif",  "tiff", "bmp", "dib",
                                                             "avif", "heic", "heif", "hif"};
  return is_among(extension, kRead);
}

bool has_image_extension(const std::filesystem::path& path) {
  return is_picture_extension(extension_of(path));
}

bool is_foreign_picture_extension(std::string_view extension) {
  static constexpr std::array<std::string_view, 29> kNotRead = {
      "ai",  "arw", "cr2", "cr3", "dds", "dng", "eps", "exr", "hdr", "ico", "j2k", "jp2", "jpx", "jxl", "nef",
      "orf", "pbm", "pcx", "pgm", "pnm", "ppm", "psd", "qoi", "raf", "raw", "rw2", "svg", "tga", "xcf"};
  return is_among(extension, kNotRead);
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

Image without_alpha(int width, int height, std::vector<uint8_t> rgba) {
  const size_t pixels = rgba.size() / 4;
  for (size_t i = 1; i < pixels; ++i) std::copy_n(rgba.data() + 4 * i, 3, rgba.data() + 3 * i);
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
