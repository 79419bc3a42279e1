// The alphabet in which byte-level vocabularies are written: a visible character for each of the 256 bytes. Printable
// Latin-1 stands for itself, the other bytes for U+0100 and up in their order.
// Source: https://github.com/openai/gpt-2/blob/master/src/encoder.py, bytes_to_unicode.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pixnerd::text {

// The character of a byte, in UTF-8.
const std::string& byte_letter(unsigned char byte);

// The bytes that a token in this alphabet stands for; nothing if it has another character.
std::optional<std::string> bytes_of_letters(std::string_view token);

}  // namespace pixnerd::text
