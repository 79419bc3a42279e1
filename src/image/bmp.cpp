// BMP by stb_image, which is a part of this file.
#include <algorithm>
#include <memory>

#include "core/errors.h"
#include "core/text.h"
#include "image/formats.h"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#include <stb/stb_image.h>

namespace pixnerd::image {
namespace {

// In BMP's order of bytes.
uint32_t number_at(std::span<const std::byte> bytes, size_t offset, size_t size) {
  uint32_t number = 0;
  for (size_t i = 0; i < size && offset + i < bytes.size(); ++i) {
    number |= static_cast<uint32_t>(bytes[offset + i]) << (8 * i);
  }
  return number;
}

[[noreturn]] void fail(const std::string& name, const char* reason) {
  throw DataError(concat("picture '", name, "': damaged or unusual BMP: ", reason == nullptr ? "unknown" : reason));
}

// stb_image reads zeros behind the end of a file, so that what is missing is found here.
void require_whole(std::span<const std::byte> bytes, int width, int height, const std::string& name) {
  constexpr size_t kPixels = 10, kHeaderSize = 14, kOldBits = 24, kBits = 28;
  constexpr uint32_t kOldHeader = 12;
  const uint64_t bits = number_at(bytes, number_at(bytes, kHeaderSize, 4) == kOldHeader ? kOldBits : kBits, 2);
  const uint64_t row = (static_cast<uint64_t>(width) * bits + 31) / 32 * 4;
  if (number_at(bytes, kPixels, 4) + row * static_cast<uint64_t>(height) > bytes.size()) fail(name, "truncated");
}

Info info_of(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits) {
  Info info;
  int channels = 0;
  const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
  if (stbi_info_from_memory(data, static_cast<int>(bytes.size()), &info.width, &info.height, &channels) == 0) {
    fail(name, stbi_failure_reason());
  }
  check_decoded_size(info.width, info.height, name, limits);
  require_whole(bytes, info.width, info.height, name);
  return info;
}

}  // namespace

Image decode_bmp(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits,
                 std::optional<Colour>) {
  const Info info = info_of(bytes, name, limits);
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels(
      stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(bytes.data()), static_cast<int>(bytes.size()), &width,
                            &height, &channels, 3),
      &stbi_image_free);
  if (!pixels) fail(name, stbi_failure_reason());
  if (width != info.width || height != info.height) fail(name, "its sizes contradict each other");
  Image image = blank(width, height);
  std::copy_n(pixels.get(), image.rgb.size(), image.rgb.data());
  return image;
}

Info inspect_bmp(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits) {
  return info_of(bytes, name, limits);
}

}  // namespace pixnerd::image
