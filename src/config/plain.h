// What YAML's plain (unquoted) style can hold, and the UTF-8 it is made of.
#pragma once

#include <cstddef>
#include <string_view>

namespace pixnerd::config {

// Bytes of the character at the beginning of `text`, 1 to 4; 0 if it is not well-formed UTF-8 or `text` is empty.
size_t utf8_length(std::string_view text);

bool is_utf8(std::string_view text);

// Whether `text` without quotes is one scalar wherever a value may stand; stricter than YAML: letters, digits and
// "_./+-", single words or words with spaces between, and not one of YAML's names for null.
bool can_be_plain(std::string_view text);

// Whether plain `text` might be taken for something else than text by a YAML reader: a number, a truth value, null.
bool looks_typed(std::string_view text);

}  // namespace pixnerd::config
