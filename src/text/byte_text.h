// A text as an encoder without vocabulary reads it: bytes, at most so many.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pixnerd::text {

// One form for what is the same to a reader: well-formed UTF-8 (unicode.h), normalized by Unicode's NFKC_Casefold,
// which folds case and width and drops what is not seen, and without white space at its ends.
std::string folded(std::string_view text);

struct ByteText {
  std::string kept;     // the whole characters in the first `most` bytes of the folded text
  std::string dropped;  // the rest of it
};

ByteText byte_text(std::string_view text, size_t most);

}  // namespace pixnerd::text
