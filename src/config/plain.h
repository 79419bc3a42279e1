// What YAML's plain (unquoted) style can hold.
#pragma once

#include <string_view>

namespace pixnerd::config {

// Whether `text` without quotes is one scalar wherever a value may stand; stricter than YAML: letters, digits and
// "_./+-", single words or words with spaces between, and not one of YAML's names for null.
bool can_be_plain(std::string_view text);

// Whether plain `text` might be taken for something else than text by a YAML reader: a number, a truth value, null.
bool looks_typed(std::string_view text);

}  // namespace pixnerd::config
