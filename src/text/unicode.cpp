#include "text/unicode.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uniset.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::text {
namespace {

const uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

void require_success(UErrorCode status) {
  if (U_FAILURE(status)) throw DataError(concat("the Unicode library ICU reports ", u_errorName(status)));
}

const icu::UnicodeSet& characters_of_unicode_9() {
  static const icu::UnicodeSet assigned = [] {
    UErrorCode status = U_ZERO_ERROR;
    icu::UnicodeSet set(u"[:age=9.0:]", status);
    require_success(status);
    set.freeze();
    return set;
  }();
  return assigned;
}

const icu::Normalizer2& newest_nfc() {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* const newest = icu::Normalizer2::getNFCInstance(status);
  require_success(status);
  return *newest;
}

const icu::Normalizer2& nfc_of_unicode_9() {
  static const icu::FilteredNormalizer2 normalizer(newest_nfc(), characters_of_unicode_9());
  return normalizer;
}

// Whether a character is nothing but combining marks: normalization orders it among others, and never before a
// character that is something else.
bool is_mark(UChar32 character) {
  return u_getIntPropertyValue(character, UCHAR_LEAD_CANONICAL_COMBINING_CLASS) != 0 &&
         characters_of_unicode_9().contains(character);
}

// Marks decomposed and in the order of their classes.
std::string in_canonical_order(std::string_view marks) {
  std::vector<UChar32> characters;
  icu::UnicodeString decomposed;
  for (size_t i = 0; i < marks.size();) {
    UChar32 character;
    U8_NEXT_UNSAFE(bytes_of(marks), i, character);
    if (!newest_nfc().getDecomposition(character, decomposed)) {
      characters.push_back(character);
      continue;
    }
    for (int32_t k = 0; k < decomposed.length(); k = decomposed.moveIndex32(k, 1)) {
      characters.push_back(decomposed.char32At(k));
    }
  }
  std::stable_sort(characters.begin(), characters.end(),
                   [](UChar32 a, UChar32 b) { return u_getCombiningClass(a) < u_getCombiningClass(b); });
  std::string out;
  for (const UChar32 character : characters) {
    std::array<uint8_t, U8_MAX_LENGTH> bytes;
    size_t count = 0;
    U8_APPEND_UNSAFE(bytes, count, character);
    out.append(reinterpret_cast<const char*>(bytes.data()), count);
  }
  return out;
}

// The beginning and end of the marks around `position`, not before `from`; equal where there are none.
std::pair<size_t, size_t> marks_around(std::string_view text, size_t from, size_t position) {
  const uint8_t* const bytes = bytes_of(text);
  while (position > from && U8_IS_TRAIL(bytes[position])) --position;
  size_t begin = position, end = position;
  for (size_t next = end; end < text.size(); end = next) {
    UChar32 character;
    U8_NEXT_UNSAFE(bytes, next, character);
    if (!is_mark(character)) break;
  }
  if (end == position) return {end, end};
  for (size_t before = begin; begin > from; begin = before) {
    UChar32 character;
    U8_PREV_UNSAFE(bytes, before, character);
    if (!is_mark(character)) break;
  }
  return {begin, end};
}

// Long runs of marks put in order, which ICU does in the square of their length: it finds each mark's place by walking
// back over the marks before. What comes out is canonically equivalent. Not every character is looked at, but one of
// each run that is long.
std::string with_ordered_marks(std::string_view text) {
  constexpr size_t kLong = 128;  // bytes
  std::string out;
  size_t done = 0;
  for (size_t i = 0; i < text.size(); i += kLong) {
    const auto [begin, end] = marks_around(text, done, i);
    if (end - begin < kLong) continue;
    out.append(text, done, begin - done);
    out += in_canonical_order(text.substr(begin, end - begin));
    done = i = end;
  }
  return out.append(text, done);
}

std::string normalized(std::string_view text, const icu::Normalizer2& form) {
  const std::string ordered = with_ordered_marks(text);
  std::string out;
  icu::StringByteSink<std::string> sink(&out, static_cast<int32_t>(ordered.size()));
  UErrorCode status = U_ZERO_ERROR;
  form.normalizeUTF8(0, ordered, sink, nullptr, status);
  require_success(status);
  return out;
}

// Below U+0300 nothing changes. These characters are the ones whose UTF-8 has no byte from 0xCC on.
bool is_below_0300(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0xCC; });
}

}  // namespace

std::string repaired(std::string_view text) {
  std::string out;
  const uint8_t* bytes = bytes_of(text);
  const size_t size = text.size();
  for (size_t i = 0; i < size;) {
    const size_t begin = i;
    UChar32 character;
    U8_NEXT(bytes, i, size, character);
    if (character < 0) {
      out += "\xEF\xBF\xBD";
    } else {
      out += text.substr(begin, i - begin);
    }
  }
  return out;
}

std::string nfc(std::string_view text) {
  return is_below_0300(text) ? std::string(text) : normalized(text, nfc_of_unicode_9());
}

std::string nfkc_casefold(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* const form = icu::Normalizer2::getNFKCCasefoldInstance(status);
  require_success(status);
  return normalized(text, *form);
}

bool is_space(int32_t character) {
  return u_isUWhiteSpace(character) != 0;
}

bool is_word(int32_t character) {
  constexpr uint32_t kCategories = U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK;
  return u_isUAlphabetic(character) != 0 || (U_GET_GC_MASK(character) & kCategories) != 0 ||
         u_hasBinaryProperty(character, UCHAR_JOIN_CONTROL) != 0;
}

Character first_character(std::string_view text) {
  size_t i = 0;
  UChar32 character;
  U8_NEXT(bytes_of(text), i, text.size(), character);
  return {character, i};
}

Character last_character(std::string_view text) {
  auto i = static_cast<int32_t>(text.size());
  UChar32 character;
  U8_PREV(bytes_of(text), 0, i, character);
  return {character, text.size() - static_cast<size_t>(i)};
}

}  // namespace pixnerd::text
