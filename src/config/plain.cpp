#include "config/plain.h"

#include <algorithm>
#include <array>
#include <string>

namespace pixnerd::config {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_null(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

}  // namespace

size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto continues = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned first = byte(0);
  if (text.empty() || first < 0x80) return text.empty() ? 0 : 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) > 0x9F;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && byte(1) < 0x90;
    const bool beyond = first == 0xF4 && byte(1) > 0x8F;
    return continues(1) && continues(2) && continues(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = utf8_length(text.substr(i));
    if (length == 0) return false;
    i += length;
  }
  return true;
}

bool can_be_plain(std::string_view text) {
  if (is_null(text) || text.front() == ' ' || text.back() == ' ') return false;
  if (text.substr(0, 3) == "---" || text.substr(0, 3) == "...") return false;
  if (text.front() == '-' && (text.size() == 1 || text[1] == ' ')) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ' && text[i - 1] == ' ') return false;
    if (!is_letter(c) && !is_digit(c) && std::string_view("_./+- ").find(c) == std::string_view::npos) return false;
  }
  return true;
}

bool looks_typed(std::string_view text) {
  static constexpr std::array<std::string_view, 8> kTruth = {"true", "false", "yes", "no", "on", "off", "y", "n"};
  if (is_null(text) || is_digit(text.front()) || std::string_view("+-.").find(text.front()) != std::string_view::npos) {
    return true;
  }
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::find(kTruth.begin(), kTruth.end(), lower) != kTruth.end();
}

}  // namespace pixnerd::config
