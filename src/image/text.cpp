#include "image/text.h"

#include <algorithm>
#include <map>

#include "core/errors.h"
#include "core/text.h"
#include "image/shaping.h"

namespace pixnerd::image {
namespace {

void require_size(int pixel_size) {
  if (pixel_size >= 1 && pixel_size <= kLargestText) return;
  throw DataError(concat("text of ", pixel_size, " pixels cannot be drawn, only of 1 to ", kLargestText));
}

std::vector<Glyph> glyphs_of(std::u32string_view text, int pixel_size) {
  require_size(pixel_size);
  return shape(text, pixel_size);
}

double in_pixels(int64_t length) {
  return static_cast<double>(length) / kOnePixel;
}

uint8_t mix(uint8_t below, uint8_t above, int coverage) {
  return static_cast<uint8_t>((below * (255 - coverage) + above * coverage + 127) / 255);
}

// The same where `above` is multiplied by the coverage already.
uint8_t lay_over(uint8_t below, uint8_t above, int coverage) {
  return static_cast<uint8_t>(std::min(255, (below * (255 - coverage) + 127) / 255 + above));
}

// Lays a glyph over the image, its top left corner at (left, top), which may be far outside.
void blend(Image& image, const GlyphPicture& glyph, int64_t left, int64_t top, Colour colour) {
  const uint8_t ink[3] = {colour.red, colour.green, colour.blue};
  const Image& shape = glyph.coverage;
  const int64_t first_x = std::max<int64_t>(0, -left), last_x = std::min<int64_t>(shape.width, image.width - left);
  const int64_t first_y = std::max<int64_t>(0, -top), last_y = std::min<int64_t>(shape.height, image.height - top);
  for (int64_t y = first_y; y < last_y; ++y) {
    const uint8_t* coverage = shape.row(static_cast<int>(y));
    const uint8_t* own = glyph.colours.rgb.empty() ? nullptr : glyph.colours.row(static_cast<int>(y));
    uint8_t* row = image.row(static_cast<int>(top + y));
    for (int64_t i = first_x * 3; i < last_x * 3; ++i) {
      uint8_t& level = row[left * 3 + i];
      level = own == nullptr ? mix(level, ink[i % 3], coverage[i]) : lay_over(level, own[i], coverage[i]);
    }
  }
}

}  // namespace

double text_width(std::u32string_view text, int pixel_size) {
  int64_t width = 0;
  for (const Glyph& glyph : glyphs_of(text, pixel_size)) width += glyph.advance;
  return in_pixels(width);
}

std::vector<TextPart> text_parts(std::u32string_view text, int pixel_size) {
  std::map<size_t, int64_t> widths;
  for (const Glyph& glyph : glyphs_of(text, pixel_size)) widths[glyph.cluster] += glyph.advance;
  std::vector<TextPart> parts;
  parts.reserve(widths.size());
  for (const auto& [begin, width] : widths) parts.push_back({begin, in_pixels(width)});
  return parts;
}

LineMetrics line_metrics(int pixel_size) {
  require_size(pixel_size);
  Font& font = built_in_font();
  font.set_size(pixel_size);
  return {font.ascent(), font.descent()};
}

void draw_text(Image& image, int x, int baseline, std::u32string_view text, const TextStyle& style) {
  check(image, "text");
  int64_t pen = x * kOnePixel;
  for (const Glyph& glyph : glyphs_of(text, style.pixel_size)) {
    const int64_t place = pen + glyph.x;
    const GlyphPicture picture = glyph.font->render(glyph.id, place & (kOnePixel - 1));
    // Rows are whole ones, as in the letters themselves.
    const int64_t foot = baseline - ((glyph.y + kOnePixel / 2) >> 16);
    blend(image, picture, (place >> 16) + picture.left, foot - picture.top, style.colour);
    pen += glyph.advance;
  }
}

std::u32string missing_characters(std::u32string_view text) {
  constexpr int kAnySize = 16;
  const Font& built_in = built_in_font();
  if (std::all_of(text.begin(), text.end(), [&](char32_t character) { return built_in.has(character); })) return {};
  std::map<size_t, const Font*> clusters;
  std::map<size_t, const Font*> boxes;
  for (const Glyph& glyph : shape(text, kAnySize)) {
    clusters[glyph.cluster] = glyph.font;
    if (glyph.id == 0) boxes[glyph.cluster] = glyph.font;
  }
  std::u32string missing;
  for (const auto& [begin, font] : boxes) {
    const auto next = clusters.upper_bound(begin);
    const size_t end = next == clusters.end() ? text.size() : next->first;
    std::copy_if(text.begin() + static_cast<std::ptrdiff_t>(begin), text.begin() + static_cast<std::ptrdiff_t>(end),
                 std::back_inserter(missing),
                 [&](char32_t character) { return !font->has(character) && !is_invisible(character); });
  }
  return missing;
}

}  // namespace pixnerd::image
