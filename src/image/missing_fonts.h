// What to tell a person whose labels need more fonts than the machine has.
#pragma once

#include <span>
#include <string>

#include "image/grid.h"

namespace pixnerd::image {

// The characters of the labels that no font has and that are drawn as boxes: one line that names their scripts, some of
// them, and the Debian packages that bring fonts for them. "" where every character can be drawn.
std::string missing_fonts(std::span<const Label> labels);

}  // namespace pixnerd::image
