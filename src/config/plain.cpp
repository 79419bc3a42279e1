#include "config/plain.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/text.h"

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
  return std::find(kTruth.begin(), kTruth.end(), ascii_lower(std::string(text))) != kTruth.end();
}

}  // namespace pixnerd::config
