// Text to glyphs: which ones, of which fonts, and where they stand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "image/font.h"

namespace pixnerd::image {

// Lengths in 16.16 pixels.
struct Glyph {
  Font* font = nullptr;  // at the size that was asked for, until text of another is shaped
  uint32_t id = 0;       // 0 is the font's sign for what it lacks, a box
  size_t cluster = 0;    // the first of the characters that it stands for, alone or with other glyphs
  int64_t advance = 0;   // from its pen to that of the next glyph
  int64_t x = 0, y = 0;  // where it stands: right of its pen and above the baseline
};

// The glyphs of a line from left to right, whatever the directions of its parts. Each thread has its own fonts: first
// the built-in one, and for what it lacks those that are installed. Letters that people see as one, such as a base and
// its accents, are of one font and one cluster.
std::vector<Glyph> shape(std::u32string_view text, int pixel_size);

// Whether the first letter that has a direction goes to the left.
bool is_right_to_left(std::u32string_view text);

// Whether fonts need not have the character, as it only says how others are drawn.
bool is_invisible(char32_t character);

Font& built_in_font();

}  // namespace pixnerd::image
