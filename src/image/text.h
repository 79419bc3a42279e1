// Lines of text drawn into pictures, anti-aliased, in the font that is built into the program.
//
// Characters follow each other from left to right without kerning, ligatures or reordering; one that the font lacks
// is drawn as its sign for that, a box. A pixel size is that of the font's em: DataError unless it is from 1 to
// kLargestText.
#pragma once

#include <string_view>

#include "image/image.h"

namespace pixnerd::image {

inline constexpr int kLargestText = 512;

struct TextStyle {
  int pixel_size = 12;
  Colour colour;
};

// In rows of pixels, the room of a line above and below its baseline; most letters with an accent or descender fit.
struct LineMetrics {
  int ascent = 0;
  int descent = 0;

  int height() const { return ascent + descent; }
};

LineMetrics line_metrics(int pixel_size);

// In pixels, from the start of the text to where more would go on: the widths of its parts add up to its own.
double text_width(std::u32string_view text, int pixel_size);

// Draws a line of text that starts at column x and stands on `baseline`, the first row below letters without
// descenders. What lies outside the image is left out.
void draw_text(Image& image, int x, int baseline, std::u32string_view text, const TextStyle& style);

}  // namespace pixnerd::image
