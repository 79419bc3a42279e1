#include "image/font.h"

#include <freetype/ftoutln.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/errors.h"
#include "core/text.h"
#include "image/embedded_font.h"
#include "image/resize.h"

namespace pixnerd::image {
namespace {

// Letters snap to whole rows of pixels, which small ones need to be crisp, but never to columns: widths scale.
constexpr FT_Int32 kOutlineFlags = FT_LOAD_NO_BITMAP | FT_LOAD_FORCE_AUTOHINT | FT_LOAD_TARGET_LIGHT;

// Each thread's own; made before its fonts, and so gone after them.
FT_Library library() {
  struct Library {
    Library() {
      if (FT_Init_FreeType(&value) != 0) throw DataError("FreeType cannot be started");
    }
    ~Library() { FT_Done_FreeType(value); }
    FT_Library value = nullptr;
  };
  thread_local const Library library;
  return library.value;
}

hb_blob_t* built_in_file() {
  const std::span<const unsigned char> bytes = embedded_font();
  return hb_blob_create(reinterpret_cast<const char*>(bytes.data()), static_cast<unsigned>(bytes.size()),
                        HB_MEMORY_MODE_READONLY, nullptr, nullptr);
}

// Rows of FreeType's pixels, `channels` bytes each, as three channels: of a pixel's bytes the ones that `from` names.
Image picture_of(const FT_Bitmap& bitmap, int channels, std::array<int, 3> from) {
  Image image;
  if (bitmap.width == 0 || bitmap.rows == 0) return image;
  image = blank(static_cast<int>(bitmap.width), static_cast<int>(bitmap.rows));
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* pixel = bitmap.buffer + int64_t{y} * bitmap.pitch;
    uint8_t* out = image.row(y);
    for (int x = 0; x < image.width; ++x, pixel += channels) {
      for (const int channel : from) *out++ = pixel[channel];
    }
  }
  return image;
}

int scaled(int length, double scale) {
  return static_cast<int>(std::lround(length * scale));
}

}  // namespace

Font::Font() : Font("the built-in font", built_in_file(), 0) {
  built_in_ = true;
}

Font::Font(const std::string& file, int index)
    : Font(concat("the font ", quoted(file)), hb_blob_create_from_file(file.c_str()), index) {}

Font::Font(std::string name, hb_blob_t* file, int index) : name_(std::move(name)), file_(file, hb_blob_destroy) {
  unsigned bytes = 0;
  const char* data = hb_blob_get_data(file, &bytes);
  FT_Face face = nullptr;
  require(FT_New_Memory_Face(library(), reinterpret_cast<const FT_Byte*>(data), bytes, index, &face),
          "FT_New_Memory_Face");
  face_.reset(face);
  if (!FT_IS_SCALABLE(face)) {
    // Of pictures of one size, which render_bitmap scales.
    require(FT_Select_Size(face, face->num_fixed_sizes - 1), "FT_Select_Size");
  }
  const std::unique_ptr<hb_face_t, decltype(&hb_face_destroy)> shaped(
      hb_face_create(file, static_cast<unsigned>(index) & 0xffffU), hb_face_destroy);
  shaper_.reset(hb_font_create(shaped.get()));
  // The upper half of fontconfig's number is that of a variable font's named instance, from 1 on.
  if (index >> 16 > 0) hb_font_set_var_named_instance(shaper_.get(), static_cast<unsigned>(index >> 16) - 1);
}

void Font::require(FT_Error error, const char* what) const {
  if (error != 0) throw DataError(concat(name_, " cannot be used: ", what, " failed with error ", error));
}

void Font::set_size(int pixel_size) {
  if (pixel_size == pixel_size_) return;
  if (FT_IS_SCALABLE(face_)) {
    require(FT_Set_Pixel_Sizes(face_.get(), 0, static_cast<FT_UInt>(pixel_size)), "FT_Set_Pixel_Sizes");
  }
  const int em = static_cast<int>(pixel_size * kOnePixel);
  hb_font_set_scale(shaper_.get(), em, em);
  pixel_size_ = pixel_size;
}

std::span<const hb_feature_t> Font::features() const {
  constexpr auto kOff = [](hb_tag_t tag) {
    return hb_feature_t{tag, 0, HB_FEATURE_GLOBAL_START, HB_FEATURE_GLOBAL_END};
  };
  static const std::array<hb_feature_t, 3> plain = {kOff(HB_TAG('k', 'e', 'r', 'n')), kOff(HB_TAG('l', 'i', 'g', 'a')),
                                                    kOff(HB_TAG('c', 'l', 'i', 'g'))};
  return built_in_ ? std::span<const hb_feature_t>(plain) : std::span<const hb_feature_t>();
}

int Font::pixels(FT_Long units) const {
  return static_cast<int>((FT_MulFix(units, face_->size->metrics.y_scale) + 63) >> 6);
}

GlyphPicture Font::render(uint32_t glyph, int64_t shift) const {
  return FT_IS_SCALABLE(face_) ? render_outline(glyph, shift) : render_bitmap(glyph);
}

GlyphPicture Font::render_outline(uint32_t glyph, int64_t shift) const {
  require(FT_Load_Glyph(face_.get(), glyph, kOutlineFlags), "FT_Load_Glyph");
  FT_GlyphSlot slot = face_->glyph;
  FT_Outline_Translate(&slot->outline, shift * 64 / kOnePixel, 0);
  require(FT_Render_Glyph(slot, FT_RENDER_MODE_NORMAL), "FT_Render_Glyph");
  return {slot->bitmap_left, slot->bitmap_top, picture_of(slot->bitmap, 1, {0, 0, 0}), {}};
}

// To whole columns: pictures are not the finer for a part of a pixel.
GlyphPicture Font::render_bitmap(uint32_t glyph) const {
  require(FT_Load_Glyph(face_.get(), glyph, FT_LOAD_COLOR), "FT_Load_Glyph");
  const FT_GlyphSlot slot = face_->glyph;
  if (slot->bitmap.pixel_mode != FT_PIXEL_MODE_BGRA || slot->bitmap.width == 0 || slot->bitmap.rows == 0) return {};
  const double scale = static_cast<double>(pixel_size_) / face_->size->metrics.y_ppem;
  const auto at_size = [&](const Image& image) {
    return resize(image, std::max(1, scaled(image.width, scale)), std::max(1, scaled(image.height, scale)),
                  Filter::bilinear);
  };
  return {scaled(slot->bitmap_left, scale), scaled(slot->bitmap_top, scale),
          at_size(picture_of(slot->bitmap, 4, {3, 3, 3})), at_size(picture_of(slot->bitmap, 4, {2, 1, 0}))};
}

}  // namespace pixnerd::image
