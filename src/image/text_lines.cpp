#include "image/text_lines.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/errors.h"
#include "core/text.h"
#include "core/utf8.h"
#include "image/text.h"

namespace pixnerd::image {
namespace {

constexpr char32_t kReplacement = U'\uFFFD', kEllipsis = U'\u2026';
constexpr double kEven = 0.25;  // how near in pixels, to the best, even lines come

// A text without spaces around it, and the width of each of its characters.
struct Measured {
  std::u32string_view text;
  std::vector<double> widths;
};

// Part of a text: characters `begin` to before `end`.
struct Range {
  size_t begin = 0, end = 0;
};

std::u32string_view trimmed(std::u32string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(U' '), text.size()));
  return text.substr(0, text.find_last_not_of(U' ') + 1);
}

Measured measure(std::u32string_view text, int pixel_size) {
  Measured measured{trimmed(text), {}};
  for (size_t i = 0; i < measured.text.size(); ++i) {
    measured.widths.push_back(text_width(measured.text.substr(i, 1), pixel_size));
  }
  return measured;
}

double widest_word(const Measured& measured) {
  double widest = 0, word = 0;
  for (size_t i = 0; i < measured.text.size(); ++i) {
    word = measured.text[i] == U' ' ? 0 : word + measured.widths[i];
    widest = std::max(widest, word);
  }
  return widest;
}

// The end of the line that starts at `begin`, spaces after it not counted.
size_t line_end(const Measured& measured, size_t begin, double width) {
  size_t space = begin;
  double used = 0;
  for (size_t i = begin; i < measured.text.size(); ++i) {
    if (measured.text[i] == U' ' && measured.text[i - 1] != U' ') space = i;
    used += measured.widths[i];
    if (used > width) return space > begin ? space : std::max(i, begin + 1);
  }
  return measured.text.size();
}

// All lines of the text, each as long as it can be; none after the first too many.
std::vector<Range> lines_of(const Measured& measured, double width, size_t too_many) {
  std::vector<Range> lines;
  for (size_t begin = 0; begin < measured.text.size() && lines.size() < too_many;) {
    const size_t end = line_end(measured, begin, width);
    lines.push_back({begin, end});
    begin = std::min(measured.text.find_first_not_of(U' ', end), measured.text.size());
  }
  return lines;
}

// As many lines as these, which hold the whole text, but as narrow as they can be without breaking more words.
std::vector<Range> evened(const Measured& measured, std::vector<Range> lines, double width) {
  const double whole = std::accumulate(measured.widths.begin(), measured.widths.end(), 0.0);
  double too_narrow = widest_word(measured), wide_enough = std::min(width, whole);
  while (wide_enough - too_narrow > kEven) {
    const double middle = (too_narrow + wide_enough) / 2;
    std::vector<Range> narrower = lines_of(measured, middle, lines.size() + 1);
    if (narrower.size() > lines.size()) {
      too_narrow = middle;
    } else {
      wide_enough = middle;
      lines = std::move(narrower);
    }
  }
  return lines;
}

// As much of the text from `begin` on as leaves room for an ellipsis, and that.
std::u32string cut(const Measured& measured, size_t begin, double room) {
  size_t end = begin;
  while (end < measured.text.size() && measured.widths[end] <= room) room -= measured.widths[end++];
  return std::u32string(trimmed(measured.text.substr(begin, end - begin))) + kEllipsis;
}

}  // namespace

std::u32string decode_utf8(std::string_view text) {
  std::u32string characters;
  while (!text.empty()) {
    if (characters.size() == kMostCharacters) return characters + kEllipsis;
    const auto [value, bytes] = first_utf8(text);
    characters += bytes == 0 ? kReplacement : value;
    text.remove_prefix(std::max<size_t>(bytes, 1));
  }
  return characters;
}

std::vector<std::u32string> break_lines(std::u32string_view text, int pixel_size, double width, int max_lines) {
  if (!(width >= 0) || max_lines < 1) {
    throw DataError(concat("text cannot be broken into ", max_lines, " lines of ", width, " pixels"));
  }
  const Measured measured = measure(text, pixel_size);
  const auto most = static_cast<size_t>(max_lines);
  std::vector<Range> ranges = lines_of(measured, width, most + 1);
  const bool fits = ranges.size() <= most;
  if (fits) ranges = evened(measured, std::move(ranges), width);

  std::vector<std::u32string> lines;
  lines.reserve(ranges.size());
  for (const Range& line : ranges) lines.emplace_back(measured.text.substr(line.begin, line.end - line.begin));
  if (!fits) {
    lines.pop_back();
    const double ellipsis = text_width(std::u32string_view(&kEllipsis, 1), pixel_size);
    lines.back() = cut(measured, ranges[most - 1].begin, width - ellipsis);
  }
  return lines;
}

}  // namespace pixnerd::image
