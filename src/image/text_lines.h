// Foreign text made into lines that can be drawn.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pixnerd::image {

inline constexpr size_t kMostCharacters = 1000;

// The characters of UTF-8; a byte that does not belong to any is U+FFFD. One ellipsis stands for all that follows the
// first kMostCharacters.
std::u32string decode_utf8(std::string_view text);

// Text in at most max_lines lines of at most `width` pixels at a size of the font (text.h), broken at spaces, and
// inside words that are wider than a line, but never inside a part of text_parts(); in as few lines as it can be, and
// those as even as they can be. What does not fit is replaced by an ellipsis. A single part may be wider than `width`.
// Spaces around a line are dropped; where nothing is left there are no lines. A line of a text that goes from right to
// left does so too: where it would not by itself, it begins with a right-to-left mark. DataError: a width below 0,
// max_lines < 1.
std::vector<std::u32string> break_lines(std::u32string_view text, int pixel_size, double width, int max_lines);

}  // namespace pixnerd::image
