// Pictures in a terminal: half blocks, two pixels a character, in 24-bit colour.
#pragma once

#include <string>

#include "image/image.h"

namespace pixnerd::cli {

// Whether the terminal says, as terminals do, that it has 24-bit colour: by COLORTERM, or a TERM that ends in -direct.
bool has_true_colour();

// The picture in lines of at most `columns` characters, one at least, with the escape sequences of ISO 8613-6; shrunk
// where it is wider, never enlarged. Each line ends in the terminal's own colours; none follows the last.
std::string half_blocks(const image::Image& picture, int columns);

}  // namespace pixnerd::cli
