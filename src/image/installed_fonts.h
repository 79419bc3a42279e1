// The fonts of the machine, in the order in which fontconfig would have them.
#pragma once

#include <fontconfig/fontconfig.h>

#include <memory>
#include <string_view>
#include <vector>

#include "image/font.h"

namespace pixnerd::image {

// Looked for when the first is wanted, and opened when they are drawn with.
class InstalledFonts {
 public:
  // The first that has all the characters and can be drawn with, being of outlines or of coloured pictures; or null.
  Font* find(std::u32string_view characters);

 private:
  struct Installed {
    const FcPattern* pattern = nullptr;
    const FcCharSet* characters = nullptr;
    std::unique_ptr<Font> font;
  };

  void look();

  std::unique_ptr<FcFontSet, decltype(&FcFontSetDestroy)> set_{nullptr, FcFontSetDestroy};
  std::vector<Installed> fonts_;
  bool looked_ = false;
};

}  // namespace pixnerd::image
