// Included by a test program, hides all installed fonts but DejaVu's from it and from programs that it starts; and adds
// those of tests/image/fonts.
#pragma once

#include <cstdlib>
#include <filesystem>

namespace pixnerd::image {

// Characters that the built-in font lacks: DejaVu Sans Bold has the first, coloured.ttf the second, no font the third.
inline constexpr char32_t kElsewhere = U'\U0001D5D4', kColoured = U'\U0001F98A', kNowhere = U'\u732B';

inline const bool kTestFonts =
    setenv("FONTCONFIG_FILE", std::filesystem::absolute("tests/image/fonts.conf").c_str(), 1) == 0;

}  // namespace pixnerd::image
