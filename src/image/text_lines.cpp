#include "image/text_lines.h"

#include <algorithm>
#include <utility>

#include "core/errors.h"
#include "core/text.h"
#include "core/utf8.h"
#include "image/shaping.h"
#include "image/text.h"

namespace pixnerd::image {
namespace {

constexpr char32_t kReplacement = U'\uFFFD', kEllipsis = U'\u2026', kRightToLeftMark = U'\u200F';
constexpr double kEven = 0.25;  // how near in pixels, to the best, even lines come

// A text without spaces around it, in its parts (text.h).
struct Measured {
  std::u32string_view text;
  std::vector<TextPart> parts;
  int pixel_size = 0;

  size_t size() const { return parts.size(); }

  // Parts `begin` to before `end`.
  std::u32string_view part(size_t begin, size_t end) const {
    const size_t first = start(begin);
    return text.substr(first, start(end) - first);
  }

  bool is_space(size_t i) const { return part(i, i + 1) == U" "; }

 private:
  size_t start(size_t i) const { return i < size() ? parts[i].begin : text.size(); }
};

// Parts `begin` to before `end`.
struct Range {
  size_t begin = 0, end = 0;
};

std::u32string_view trimmed(std::u32string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(U' '), text.size()));
  return text.substr(0, text.find_last_not_of(U' ') + 1);
}

Measured measure(std::u32string_view text, int pixel_size) {
  text = trimmed(text);
  return {text, text_parts(text, pixel_size), pixel_size};
}

double widest_word(const Measured& measured) {
  double widest = 0, word = 0;
  for (size_t i = 0; i < measured.size(); ++i) {
    word = measured.is_space(i) ? 0 : word + measured.parts[i].width;
    widest = std::max(widest, word);
  }
  return widest;
}

// The end of a line that breaks a word at `end` or before: letters may be wider where others no longer join them.
size_t end_in_word(const Measured& measured, size_t begin, size_t end, double width) {
  while (end > begin + 1 && text_width(measured.part(begin, end), measured.pixel_size) > width) --end;
  return std::max(end, begin + 1);
}

// The end of the line that starts at `begin`, spaces after it not counted.
size_t line_end(const Measured& measured, size_t begin, double width) {
  size_t space = begin;
  double used = 0;
  for (size_t i = begin; i < measured.size(); ++i) {
    if (measured.is_space(i) && i > begin && !measured.is_space(i - 1)) space = i;
    used += measured.parts[i].width;
    if (used > width) return space > begin ? space : end_in_word(measured, begin, i, width);
  }
  return measured.size();
}

// All lines of the text, each as long as it can be; none after the first too many.
std::vector<Range> lines_of(const Measured& measured, double width, size_t too_many) {
  std::vector<Range> lines;
  for (size_t begin = 0; begin < measured.size() && lines.size() < too_many;) {
    const size_t end = line_end(measured, begin, width);
    lines.push_back({begin, end});
    begin = end;
    while (begin < measured.size() && measured.is_space(begin)) ++begin;
  }
  return lines;
}

// As many lines as these, which hold the whole text, but as narrow as they can be without breaking more words.
std::vector<Range> evened(const Measured& measured, std::vector<Range> lines, double width) {
  double whole = 0;
  for (const TextPart& part : measured.parts) whole += part.width;
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

// As much of the text from part `begin` on as leaves room for an ellipsis, and that.
std::u32string cut(const Measured& measured, size_t begin, double width) {
  const auto with_ellipsis = [&](size_t end) { return std::u32string(trimmed(measured.part(begin, end))) + kEllipsis; };
  double room = width - text_width(std::u32string_view(&kEllipsis, 1), measured.pixel_size);
  size_t end = begin;
  while (end < measured.size() && measured.parts[end].width <= room) room -= measured.parts[end++].width;
  while (end > begin && text_width(with_ellipsis(end), measured.pixel_size) > width) --end;
  return with_ellipsis(end);
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
  for (const Range& line : ranges) lines.emplace_back(measured.part(line.begin, line.end));
  if (!fits) {
    lines.pop_back();
    lines.back() = cut(measured, ranges[most - 1].begin, width);
  }
  if (is_right_to_left(measured.text)) {
    for (std::u32string& line : lines) {
      if (!is_right_to_left(line)) line.insert(0, 1, kRightToLeftMark);
    }
  }
  return lines;
}

}  // namespace pixnerd::image
