// Lines of text drawn into pictures, anti-aliased: in the font that is built into the program, and what that lacks in
// fonts that are installed.
//
// Letters are joined, stacked and ordered as their scripts want it (shaping.h). Those of the built-in font follow each
// other without kerning or ligatures, so text that it has is drawn alike on every machine. What no font has is drawn as
// a box. A pixel size is that of the font's em: DataError unless it is from 1 to kLargestText.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

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

// In pixels, from the start of the text to where more would go on.
double text_width(std::u32string_view text, int pixel_size);

// What of a text is not to be parted, such as a letter with its accents, and the room that it takes within the text.
struct TextPart {
  size_t begin = 0;  // its first character; it ends where the next part begins
  double width = 0;
};

// All parts of a text, in its order.
std::vector<TextPart> text_parts(std::u32string_view text, int pixel_size);

// Draws a line of text that starts at column x and stands on `baseline`, the first row below letters without
// descenders. What lies outside the image is left out.
void draw_text(Image& image, int x, int baseline, std::u32string_view text, const TextStyle& style);

// The characters that are drawn as boxes, in their order.
std::u32string missing_characters(std::u32string_view text);

}  // namespace pixnerd::image
