#include "image/installed_fonts.h"

#include <algorithm>
#include <string>

#include "core/errors.h"

namespace pixnerd::image {
namespace {

bool is(const FcPattern* font, const char* what) {
  FcBool value = FcFalse;
  return FcPatternGetBool(font, what, 0, &value) == FcResultMatch && value != FcFalse;
}

// Outlines in colour are of kinds that FreeType alone does not draw.
bool can_be_drawn(const FcPattern* font) {
  return is(font, FC_OUTLINE) != is(font, FC_COLOR) && !is(font, FC_VARIABLE);
}

std::unique_ptr<Font> opened(const FcPattern* font) {
  FcChar8* file = nullptr;
  int index = 0;
  if (FcPatternGetString(font, FC_FILE, 0, &file) != FcResultMatch) return nullptr;
  FcPatternGetInteger(font, FC_INDEX, 0, &index);
  try {
    return std::make_unique<Font>(reinterpret_cast<const char*>(file), index);
  } catch (const DataError&) {
    return nullptr;  // gone or broken since fontconfig saw it: another may do
  }
}

}  // namespace

void InstalledFonts::look() {
  looked_ = true;
  const std::unique_ptr<FcPattern, decltype(&FcPatternDestroy)> wish(FcPatternCreate(), FcPatternDestroy);
  FcPatternAddString(wish.get(), FC_FAMILY, reinterpret_cast<const FcChar8*>("sans-serif"));
  FcConfigSubstitute(nullptr, wish.get(), FcMatchPattern);
  FcDefaultSubstitute(wish.get());
  FcResult result = FcResultNoMatch;
  set_.reset(FcFontSort(nullptr, wish.get(), FcFalse, nullptr, &result));
  for (int i = 0; set_ != nullptr && i < set_->nfont; ++i) {
    const FcPattern* const pattern = set_->fonts[i];
    FcCharSet* characters = nullptr;
    if (!can_be_drawn(pattern) || FcPatternGetCharSet(pattern, FC_CHARSET, 0, &characters) != FcResultMatch) continue;
    fonts_.push_back({pattern, characters, nullptr});
  }
}

Font* InstalledFonts::find(std::u32string_view characters) {
  if (!looked_) look();
  for (size_t i = 0; i < fonts_.size();) {
    Installed& font = fonts_[i];
    const auto has = [&](char32_t character) { return FcCharSetHasChar(font.characters, character) != FcFalse; };
    if (!std::all_of(characters.begin(), characters.end(), has)) {
      ++i;
      continue;
    }
    if (font.font == nullptr) font.font = opened(font.pattern);
    if (font.font != nullptr) return font.font.get();
    fonts_.erase(fonts_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return nullptr;
}

}  // namespace pixnerd::image
