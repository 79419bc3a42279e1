#include "sample/text_file.h"

#include <algorithm>

#include "core/errors.h"
#include "core/file.h"
#include "core/text.h"
#include "core/utf8.h"

namespace pixnerd::sample {
namespace {

constexpr size_t kMostTextBytes = size_t{64} << 20;

// The 16 bits at `position`, whose first byte is the low one or not.
uint32_t unit_at(std::string_view text, size_t position, bool low_first) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  return low_first ? byte(position) | byte(position + 1) << 8 : byte(position + 1) | byte(position) << 8;
}

bool is_control(uint32_t unit) {
  return unit < 0x20 && unit != '\t' && unit != '\n' && unit != '\r' && unit != '\f' && unit != '\v';
}

// Text in UTF-16 without a mark: it has no control characters and no half of a surrogate pair, and some characters of
// ASCII, if only a line's end. Where nothing but ASCII and zeros is in it, half of the bytes must be zeros: a text of
// one byte a character into which a zero got is not taken for it.
bool looks_like_utf16(std::string_view text, bool low_first) {
  if (text.size() % 2 != 0) return false;
  size_t narrow = 0;
  bool pair = false, foreign = false;
  for (size_t i = 0; i < text.size(); i += 2) {
    const uint32_t unit = unit_at(text, i, low_first);
    const bool second = unit >= 0xDC00 && unit < 0xE000;
    if (is_control(unit) || second != pair) return false;
    pair = unit >= 0xD800 && unit < 0xDC00;
    narrow += unit < 0x100 ? 1 : 0;
    foreign = foreign || ((unit | unit >> 8) & 0x80) != 0;
  }
  return !pair && narrow > 0 && (foreign || narrow == text.size() / 2);
}

// The name of what the bytes are in instead of UTF-8, as iconv knows it; "" if it is not known.
std::string encoding_of(std::string_view content) {
  using namespace std::string_view_literals;
  if (content.starts_with("\xFF\xFE\0\0"sv) || content.starts_with("\0\0\xFE\xFF"sv)) return "UTF-32";
  if (content.starts_with("\xFF\xFE"sv) || content.starts_with("\xFE\xFF"sv)) return "UTF-16";
  if (looks_like_utf16(content, true)) return "UTF-16LE";
  if (looks_like_utf16(content, false)) return "UTF-16BE";
  return "";
}

bool is_text(std::string_view text) {
  return is_utf8(text) && text.find('\0') == std::string_view::npos;
}

void require_utf8(std::string_view content, const std::filesystem::path& path) {
  if (is_text(content)) return;
  if (const std::string encoding = encoding_of(content); !encoding.empty()) {
    throw DataError(concat(quoted(path), " is text in ", encoding, ", and UTF-8 is needed; convert it by `iconv -f ",
                           encoding, " -t UTF-8`"));
  }
  int64_t number = 1;
  for (size_t begin = 0; begin < content.size(); ++number) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    const std::string_view line = content.substr(begin, end - begin);
    begin = end + 1;
    if (is_text(line)) continue;
    throw DataError(concat(path, ":", number, ": ",
                           is_utf8(line) ? "has a zero byte, which no text in UTF-8 has; remove it"
                                         : "is no text in UTF-8, which is needed; convert the file by `iconv -f "
                                           "ENCODING -t UTF-8`, where ENCODING may be LATIN1 or GB18030"));
  }
}

}  // namespace

std::string_view without_mark(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  return text.starts_with(kByteOrderMark) ? text.substr(kByteOrderMark.size()) : text;
}

std::string read_text(const std::filesystem::path& path) {
  std::string content = read_file(path, kMostTextBytes);
  require_utf8(content, path);
  content.erase(0, content.size() - without_mark(content).size());
  return content;
}

std::vector<TextLine> lines_of(std::string_view text) {
  constexpr std::string_view kEnds = "\r\n";
  std::vector<TextLine> lines;
  int64_t number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(kEnds), text.size());
    const std::string_view line = without_mark(text.substr(0, end));
    text.remove_prefix(end);
    text.remove_prefix(text.starts_with(kEnds) ? 2 : std::min<size_t>(text.size(), 1));
    ++number;
    if (line.find_first_not_of(" \t\v\f") != std::string_view::npos) lines.push_back({line, number});
  }
  return lines;
}

}  // namespace pixnerd::sample
