// A font file as FreeType draws it and HarfBuzz shapes text with it.
#pragma once

#include <freetype/freetype.h>
#include <hb.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "image/image.h"

namespace pixnerd::image {

inline constexpr int64_t kOnePixel = 1 << 16;  // lengths along a line of text are in 16.16 fixed point

// A glyph ready to be laid over a picture.
struct GlyphPicture {
  int left = 0, top = 0;  // of its top left corner: columns right of the pen, rows above the baseline
  Image coverage;         // 0 to 255, the same in all three channels; without any pixel for a space
  Image colours;          // multiplied by the coverage; without any pixel: the text's colour
};

// One thread's own, as FreeType wants it. Errors are DataError that name the font.
class Font {
 public:
  // The font that is built into the program.
  Font();
  // One of the fonts in a file, by fontconfig's number for it.
  Font(const std::string& file, int index);

  // Of the font's em. Holds for all that follows.
  void set_size(int pixel_size);

  bool has(char32_t character) const { return FT_Get_Char_Index(face_.get(), character) != 0; }

  // In 16.16 pixels.
  hb_font_t* shaper() const { return shaper_.get(); }

  // How its text is to be shaped: letters of the built-in font stand beside each other as they are, neither kerned nor
  // drawn as one for looks, so that the widths of a text's parts add up.
  std::span<const hb_feature_t> features() const;

  // The glyph, moved to the right by a part of a pixel in 16.16.
  GlyphPicture render(uint32_t glyph, int64_t shift) const;

  // Of lines, in whole pixels rounded up.
  int ascent() const { return pixels(face_->ascender); }
  int descent() const { return pixels(-face_->descender); }

 private:
  Font(std::string name, hb_blob_t* file, int index);
  void require(FT_Error error, const char* what) const;
  int pixels(FT_Long units) const;
  GlyphPicture render_outline(uint32_t glyph, int64_t shift) const;
  GlyphPicture render_bitmap(uint32_t glyph) const;

  std::string name_;
  bool built_in_ = false;
  int pixel_size_ = 0;
  std::unique_ptr<hb_blob_t, decltype(&hb_blob_destroy)> file_;
  std::unique_ptr<FT_FaceRec_, decltype(&FT_Done_Face)> face_{nullptr, FT_Done_Face};
  std::unique_ptr<hb_font_t, decltype(&hb_font_destroy)> shaper_{nullptr, hb_font_destroy};
};

}  // namespace pixnerd::image
