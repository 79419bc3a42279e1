#include "image/text.h"

#include <freetype/freetype.h>
#include <freetype/ftadvanc.h>
#include <freetype/ftoutln.h>

#include <algorithm>
#include <memory>
#include <span>

#include "core/errors.h"
#include "core/text.h"
#include "image/embedded_font.h"

namespace pixnerd::image {
namespace {

constexpr int64_t kOne = 1 << 16;  // a pixel in FreeType's 16.16 fixed point
// Letters snap to whole rows of pixels, which small ones need to be crisp, but never to columns: widths scale.
constexpr FT_Int32 kLoadFlags = FT_LOAD_NO_BITMAP | FT_LOAD_FORCE_AUTOHINT | FT_LOAD_TARGET_LIGHT;

void require(FT_Error error, const char* what) {
  if (error != 0) throw DataError(concat("the built-in font cannot be used: ", what, " failed with error ", error));
}

// The font, each thread's own as FreeType wants it, at the size that was asked for last.
class Font {
 public:
  static Font& at(int pixel_size) {
    if (pixel_size < 1 || pixel_size > kLargestText) {
      throw DataError(concat("text of ", pixel_size, " pixels cannot be drawn, only of 1 to ", kLargestText));
    }
    thread_local Font font;
    require(FT_Set_Pixel_Sizes(font.face_.get(), 0, static_cast<FT_UInt>(pixel_size)), "FT_Set_Pixel_Sizes");
    return font;
  }

  // 16.16 pixels from this character to the next.
  int64_t advance(char32_t character) const {
    FT_Fixed advance = 0;
    require(FT_Get_Advance(face_.get(), glyph_of(character), kLoadFlags, &advance), "FT_Get_Advance");
    return advance;
  }

  // Draws the character a part of a pixel to the right, in 16.16; valid until the next call.
  const FT_GlyphSlotRec& render(char32_t character, int64_t shift) const {
    require(FT_Load_Glyph(face_.get(), glyph_of(character), kLoadFlags), "FT_Load_Glyph");
    FT_Outline_Translate(&face_->glyph->outline, shift * 64 / kOne, 0);
    require(FT_Render_Glyph(face_->glyph, FT_RENDER_MODE_NORMAL), "FT_Render_Glyph");
    return *face_->glyph;
  }

  // A distance in the font's units, in whole pixels rounded up.
  int pixels(FT_Long units) const {
    return static_cast<int>((FT_MulFix(units, face_->size->metrics.y_scale) + 63) >> 6);
  }

  const FT_FaceRec& face() const { return *face_; }

 private:
  Font() {
    const std::span<const unsigned char> bytes = embedded_font();
    FT_Library library = nullptr;
    require(FT_Init_FreeType(&library), "FT_Init_FreeType");
    library_.reset(library);
    FT_Face face = nullptr;
    require(FT_New_Memory_Face(library, bytes.data(), static_cast<FT_Long>(bytes.size()), 0, &face),
            "FT_New_Memory_Face");
    face_.reset(face);
  }

  FT_UInt glyph_of(char32_t character) const { return FT_Get_Char_Index(face_.get(), character); }

  std::unique_ptr<FT_LibraryRec_, decltype(&FT_Done_FreeType)> library_{nullptr, FT_Done_FreeType};
  std::unique_ptr<FT_FaceRec_, decltype(&FT_Done_Face)> face_{nullptr, FT_Done_Face};
};

uint8_t mix(uint8_t below, uint8_t above, int coverage) {
  return static_cast<uint8_t>((below * (255 - coverage) + above * coverage + 127) / 255);
}

// Lays a glyph over the image, its bitmap's top left corner at (left, top), which may be far outside.
void blend(Image& image, const FT_Bitmap& glyph, int64_t left, int64_t top, Colour colour) {
  const int64_t first_x = std::max<int64_t>(0, -left), last_x = std::min<int64_t>(glyph.width, image.width - left);
  const int64_t first_y = std::max<int64_t>(0, -top), last_y = std::min<int64_t>(glyph.rows, image.height - top);
  for (int64_t y = first_y; y < last_y; ++y) {
    const uint8_t* coverage = glyph.buffer + y * glyph.pitch;
    uint8_t* row = image.row(static_cast<int>(top + y));
    for (int64_t x = first_x; x < last_x; ++x) {
      uint8_t* pixel = row + (left + x) * 3;
      pixel[0] = mix(pixel[0], colour.red, coverage[x]);
      pixel[1] = mix(pixel[1], colour.green, coverage[x]);
      pixel[2] = mix(pixel[2], colour.blue, coverage[x]);
    }
  }
}

}  // namespace

double text_width(std::u32string_view text, int pixel_size) {
  const Font& font = Font::at(pixel_size);
  int64_t width = 0;
  for (const char32_t character : text) width += font.advance(character);
  return static_cast<double>(width) / kOne;
}

LineMetrics line_metrics(int pixel_size) {
  const Font& font = Font::at(pixel_size);
  return {font.pixels(font.face().ascender), font.pixels(-font.face().descender)};
}

void draw_text(Image& image, int x, int baseline, std::u32string_view text, const TextStyle& style) {
  check(image, "text");
  const Font& font = Font::at(style.pixel_size);
  const FT_BBox& box = font.face().bbox;  // of all glyphs together
  const int64_t before = font.pixels(-box.xMin) + 1, after = font.pixels(box.xMax) + 1;
  int64_t pen = x * kOne;
  for (const char32_t character : text) {
    const int64_t column = pen >> 16;
    if (column - before > image.width) break;
    if (column + after >= 0) {
      const FT_GlyphSlotRec& glyph = font.render(character, pen & (kOne - 1));
      blend(image, glyph.bitmap, column + glyph.bitmap_left, int64_t{baseline} - glyph.bitmap_top, style.colour);
    }
    pen += font.advance(character);
  }
}

}  // namespace pixnerd::image
