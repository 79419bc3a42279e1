// What the tokenizer needs of Unicode.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pixnerd::text {

// Well-formed UTF-8: each maximal part that no character can begin with becomes U+FFFD, as Python's
// bytes.decode(errors="replace") and web browsers have it (the Unicode Standard, "Substitution of Maximal Subparts").
std::string repaired(std::string_view text);

// Normalization form C of well-formed UTF-8, by the tables of Unicode 9.0: those of the `tokenizers` library. A later
// character stays as it is and lets nothing past it. Takes n log n for a run of n combining marks.
std::string nfc(std::string_view text);

// Normalization form KC with case folded and what is ignorable left out (NFKC_Casefold), of well-formed UTF-8, by the
// tables of the ICU at hand. As much time.
std::string nfkc_casefold(std::string_view text);

// White_Space, and \w as Rust's regular expressions have it: letters, marks, decimal digits, connectors, joiners.
bool is_space(int32_t character);
bool is_word(int32_t character);

// The first and the last character of well-formed UTF-8 that is not empty, and the bytes they take.
struct Character {
  int32_t value;
  size_t bytes;
};
Character first_character(std::string_view text);
Character last_character(std::string_view text);

}  // namespace pixnerd::text
