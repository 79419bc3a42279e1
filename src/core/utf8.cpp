#include "core/utf8.h"

namespace pixnerd {
namespace {

constexpr size_t kMostBytes = 4;

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

Utf8Character first_utf8(std::string_view text) {
  if (text.empty()) return {};
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < bytes) return {};
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F)) return {};
  if ((first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F)) return {};
  auto value = static_cast<char32_t>(first & (0x7F >> bytes));
  for (size_t i = 1; i < bytes; ++i) {
    if (!continues(text[i])) return {};
    value = value << 6 | (byte(i) & 0x3F);
  }
  return {value, bytes};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t bytes = first_utf8(text).bytes;
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

size_t utf8_start(std::string_view text, size_t position) {
  for (size_t back = 1; back < kMostBytes && back <= position && position < text.size(); ++back) {
    if (first_utf8(text.substr(position - back)).bytes > back) return position - back;
  }
  return position;
}

}  // namespace pixnerd
