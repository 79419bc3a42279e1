#include "core/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>

#include "core/utf8.h"

namespace pixnerd {
namespace {

template <class Float>
std::string shortest_text(Float value) {
  const Float size = std::abs(value);
  const bool plain = size == 0 || (size >= Float(1e-4) && size < Float(1e16));
  std::array<char, 32> buffer;
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  const auto [end, status] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format);
  return {buffer.data(), end};
}

// Optimal string alignment distance: insertions, deletions, replacements and exchanges of neighbours.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before, above(b.size() + 1), row(b.size() + 1);
  std::iota(above.begin(), above.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = ascii_lower(a[i - 1]) == ascii_lower(b[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      const bool exchanged = i > 1 && j > 1 && ascii_lower(a[i - 1]) == ascii_lower(b[j - 2]) &&
                             ascii_lower(a[i - 2]) == ascii_lower(b[j - 1]);
      if (exchanged) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = above;
    above = row;
  }
  return above[b.size()];
}

}  // namespace

std::string shortest(float value) {
  return shortest_text(value);
}

std::string shortest(double value) {
  return shortest_text(value);
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += separator;
    text += parts[i];
  }
  return text;
}

char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string ascii_lower(std::string text) {
  for (char& c : text) c = ascii_lower(c);
  return text;
}

std::string printable(std::string_view text, size_t max_bytes) {
  constexpr std::string_view kGap = "...";
  if (text.size() > max_bytes) {
    const size_t room = max_bytes - std::min(kGap.size(), max_bytes), head = (room + 1) / 2;
    const size_t tail = text.size() - (room - head), first = utf8_start(text, tail);
    const size_t behind = first < tail ? first + first_utf8(text.substr(first)).bytes : tail;
    return concat(printable(text.substr(0, utf8_start(text, head)), room), kGap, printable(text.substr(behind), room));
  }
  std::string out;
  while (!text.empty()) {
    const auto [value, bytes] = first_utf8(text);
    const bool is_control = value < 0x20 || (value >= 0x7F && value < 0xA0);
    out += bytes == 0 || is_control ? "?" : text.substr(0, bytes);
    text.remove_prefix(std::max<size_t>(bytes, 1));
  }
  return out;
}

std::string quoted(const std::filesystem::path& path) {
  return quoted(std::string_view(path.native()));
}

std::string quoted(std::string_view text) {
  return concat("'", printable(text), "'");
}

std::string human_bytes(uint64_t bytes) {
  if (bytes < 1000) return concat(bytes, " B");
  static constexpr std::array<const char*, 6> kUnits = {"kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes) / 1000;
  size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  if (value >= 9.95) return concat(std::llround(value), " ", kUnits[unit]);
  const long long tenths = std::llround(value * 10);
  return concat(tenths / 10, ".", tenths % 10, " ", kUnits[unit]);
}

std::string human_duration(double seconds) {
  if (!(seconds >= 0) || seconds > 1e12) return "unknown";
  if (seconds < 9.95) {
    const long long tenths = std::llround(seconds * 10);
    return concat(tenths / 10, ".", tenths % 10, " s");
  }
  const long long whole = std::llround(seconds);
  if (whole < 60) return concat(whole, " s");
  if (whole < 3600) return concat(whole / 60, " min ", whole % 60, " s");
  const long long minutes = std::llround(seconds / 60);
  if (minutes < 24 * 60) return concat(minutes / 60, " h ", minutes % 60, " min");
  const long long hours = std::llround(seconds / 3600);
  return concat(hours / 24, " d ", hours % 24, " h");
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  constexpr size_t kLongest = 64;
  std::string best;
  size_t best_distance = 0;
  if (word.empty() || word.size() > kLongest) return best;
  for (const std::string& candidate : known) {
    const size_t length = std::max(word.size(), candidate.size());
    if (candidate.empty() || length > kLongest) continue;
    const size_t distance = edit_distance(word, candidate);
    const bool close =
        distance <= std::max<size_t>(1, length / 3) && distance < std::min(word.size(), candidate.size());
    if (close && (best.empty() || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace pixnerd
