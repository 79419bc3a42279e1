#include "core/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>

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

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Optimal string alignment distance: insertions, deletions, replacements and exchanges of neighbours.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before, above(b.size() + 1), row(b.size() + 1);
  std::iota(above.begin(), above.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      const bool exchanged = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
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

std::string printable(std::string_view text, size_t max_bytes) {
  const bool cut = text.size() > max_bytes;
  if (cut) {
    size_t end = max_bytes;
    const auto continues = [&](size_t i) { return (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80; };
    while (end > 0 && max_bytes - end < 3 && continues(end)) --end;
    text = text.substr(0, end);
  }
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return cut ? out + "..." : out;
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
