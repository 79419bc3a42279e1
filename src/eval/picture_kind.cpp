#include "eval/picture_kind.h"

#include <cstdint>
#include <string_view>

namespace pixnerd::eval {
namespace {

uint8_t at(std::string_view bytes, size_t offset) {
  return offset < bytes.size() ? static_cast<uint8_t>(bytes[offset]) : 0;
}

// Transparency is a channel, or a tRNS before the pixels.
PictureKind kind_of_png(std::string_view bytes) {
  constexpr size_t kColourType = 25;
  constexpr uint8_t kGrey = 0, kGreyAlpha = 4, kColourAlpha = 6;
  const uint8_t type = at(bytes, kColourType);
  const bool has_channel = type == kGreyAlpha || type == kColourAlpha;
  return {has_channel || bytes.substr(0, bytes.find("IDAT")).find("tRNS") != std::string_view::npos,
          type == kGrey || type == kGreyAlpha};
}

// The frame's header (SOF) has the number of channels; segments before it are passed over.
PictureKind kind_of_jpeg(std::string_view bytes) {
  constexpr uint8_t kMark = 0xff, kFirstFrame = 0xc0, kLastFrame = 0xcf, kHuffman = 0xc4, kJpg = 0xc8,
                    kArithmetic = 0xcc;
  size_t offset = 2;
  while (offset + 9 < bytes.size() && at(bytes, offset) == kMark) {
    const uint8_t marker = at(bytes, offset + 1);
    if (marker == kMark) {  // filling
      ++offset;
      continue;
    }
    const bool is_frame =
        marker >= kFirstFrame && marker <= kLastFrame && marker != kHuffman && marker != kJpg && marker != kArithmetic;
    if (is_frame) return {false, at(bytes, offset + 9) == 1};
    offset += 2 + (static_cast<size_t>(at(bytes, offset + 2)) << 8 | at(bytes, offset + 3));
  }
  return {};
}

PictureKind kind_of_webp(std::string_view bytes) {
  constexpr size_t kForm = 12, kFlags = 20, kLosslessFlags = 24;
  constexpr uint8_t kAlpha = 0x10;
  if (bytes.substr(kForm, 4) == "VP8X") return {(at(bytes, kFlags) & kAlpha) != 0, false};
  return {bytes.substr(kForm, 4) == "VP8L" && (at(bytes, kLosslessFlags) & kAlpha) != 0, false};
}

}  // namespace

PictureKind kind_of(std::span<const std::byte> file) {
  const std::string_view bytes(reinterpret_cast<const char*>(file.data()), file.size());
  if (bytes.starts_with("\x89PNG")) return kind_of_png(bytes);
  if (bytes.starts_with("\xff\xd8")) return kind_of_jpeg(bytes);
  if (bytes.starts_with("RIFF") && bytes.size() > 16 && bytes.substr(8, 4) == "WEBP") return kind_of_webp(bytes);
  return {};
}

}  // namespace pixnerd::eval
