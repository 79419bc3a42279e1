// UTF-8, character by character.
#pragma once

#include <cstddef>
#include <string_view>

namespace pixnerd {

struct Utf8Character {
  char32_t value = 0;
  size_t bytes = 0;  // 1 to 4
};

// The character at the beginning of `text`; of 0 bytes if `text` is empty or not well-formed there: neither longer than
// need be, nor half of a surrogate pair, nor beyond U+10FFFF.
Utf8Character first_utf8(std::string_view text);

bool is_utf8(std::string_view text);

// Where the character that the byte at `position` belongs to begins; `position` itself at the end of the text and where
// no character is.
size_t utf8_start(std::string_view text, size_t position);

}  // namespace pixnerd
