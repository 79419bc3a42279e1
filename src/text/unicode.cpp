#include "text/unicode.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uniset.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cstring>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::text {
namespace {

const uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

// Where the first byte that is not ASCII lies, at or after `position`.
size_t end_of_ascii(std::string_view text, size_t position) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  uint64_t eight = 0;
  for (; position + sizeof(eight) <= text.size(); position += sizeof(eight)) {
    std::memcpy(&eight, text.data() + position, sizeof(eight));
    if ((eight & kHighBits) != 0) break;
  }
  while (position < text.size() && U8_IS_SINGLE(bytes_of(text)[position])) ++position;
  return position;
}

void require_success(UErrorCode status) {
  if (U_FAILURE(status)) throw DataError(concat("the Unicode library ICU reports ", u_errorName(status)));
}

const icu::Normalizer2& nfc_of_unicode_9() {
  static const icu::FilteredNormalizer2 normalizer = [] {
    UErrorCode status = U_ZERO_ERROR;
    static icu::UnicodeSet assigned(u"[:age=9.0:]", status);
    assigned.freeze();
    const icu::Normalizer2* newest = icu::Normalizer2::getNFCInstance(status);
    require_success(status);
    return icu::FilteredNormalizer2(*newest, assigned);
  }();
  return normalizer;
}

// Below U+0300 nothing changes. These characters are the ones whose UTF-8 has no byte from 0xCC on.
bool is_below_0300(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0xCC; });
}

}  // namespace

bool is_utf8(std::string_view text) {
  const uint8_t* bytes = bytes_of(text);
  const size_t size = text.size();
  size_t i = 0;
  while ((i = end_of_ascii(text, i)) < size) {
    UChar32 character;
    U8_NEXT(bytes, i, size, character);
    if (character < 0) return false;
  }
  return true;
}

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
  if (is_below_0300(text)) return std::string(text);
  std::string out;
  icu::StringByteSink<std::string> sink(&out, static_cast<int32_t>(text.size()));
  UErrorCode status = U_ZERO_ERROR;
  nfc_of_unicode_9().normalizeUTF8(0, icu::StringPiece(text.data(), static_cast<int32_t>(text.size())), sink, nullptr,
                                   status);
  require_success(status);
  return out;
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
