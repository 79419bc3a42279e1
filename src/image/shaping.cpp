#include "image/shaping.h"

#include <unicode/ubidi.h>
#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/utf16.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "core/errors.h"
#include "core/text.h"
#include "image/installed_fonts.h"

namespace pixnerd::image {
namespace {

constexpr char32_t kNoCharacter = U'\uFFFF';

void require(UErrorCode error, const char* what) {
  if (U_FAILURE(error)) throw DataError(concat("text cannot be laid out: ", what, " says ", u_errorName(error)));
}

// Text as ICU reads it, and for each of its units, and for its end, the number of the character.
struct Utf16 {
  std::u16string units;
  std::vector<int32_t> characters;

  explicit Utf16(std::u32string_view text) {
    if (text.size() > std::numeric_limits<int32_t>::max() / 2) throw DataError("text is too long to be laid out");
    for (const char32_t character : text) {
      const auto number = characters.empty() ? 0 : characters.back() + 1;
      const char32_t valid = U_IS_UNICODE_CHAR(character) ? character : kNoCharacter;
      if (U_IS_SUPPLEMENTARY(valid)) {
        units += {U16_LEAD(valid), U16_TRAIL(valid)};
        characters.insert(characters.end(), 2, number);
      } else {
        units += static_cast<char16_t>(valid);
        characters.push_back(number);
      }
    }
    characters.push_back(static_cast<int32_t>(text.size()));
  }

  int32_t size() const { return static_cast<int32_t>(units.size()); }
};

// Characters `begin` to before `end`, which are shaped at once.
struct Item {
  int32_t begin = 0, end = 0;
  Font* font = nullptr;
  hb_script_t script = HB_SCRIPT_COMMON;
};

hb_script_t script_of(char32_t character) {
  const hb_script_t script = hb_unicode_script(hb_unicode_funcs_get_default(), character);
  return script == HB_SCRIPT_INHERITED || script == HB_SCRIPT_UNKNOWN ? HB_SCRIPT_COMMON : script;
}

// What a thread lays out text with.
class Shaper {
 public:
  static Shaper& of_thread() {
    thread_local Shaper shaper;
    return shaper;
  }

  std::vector<Glyph> shape(std::u32string_view text, int pixel_size) {
    std::vector<Glyph> glyphs;
    if (text.empty()) return glyphs;
    const Utf16 utf16(text);
    UErrorCode error = U_ZERO_ERROR;
    ubidi_setPara(bidi_.get(), utf16.units.data(), utf16.size(), UBIDI_DEFAULT_LTR, nullptr, &error);
    const int32_t runs = ubidi_countRuns(bidi_.get(), &error);
    require(error, "ubidi_setPara");
    ubrk_setText(clusters_.get(), utf16.units.data(), utf16.size(), &error);
    require(error, "ubrk_setText");
    for (int32_t run = 0; run < runs; ++run) {
      int32_t begin = 0, length = 0;
      const bool leftwards = ubidi_getVisualRun(bidi_.get(), run, &begin, &length) == UBIDI_RTL;
      std::vector<Item> items = items_of(text, utf16, begin, begin + length);
      if (leftwards) std::reverse(items.begin(), items.end());
      for (const Item& item : items) shape(text, item, leftwards, pixel_size, glyphs);
    }
    return glyphs;
  }

  Font& built_in() { return built_in_; }

 private:
  Shaper() {
    UErrorCode error = U_ZERO_ERROR;
    clusters_.reset(ubrk_open(UBRK_CHARACTER, "", nullptr, 0, &error));
    require(error, "ubrk_open");
  }

  // Of the units `begin` to before `end`. Signs of no script of their own go with what stands before them.
  std::vector<Item> items_of(std::u32string_view text, const Utf16& utf16, int32_t begin, int32_t end) {
    std::vector<Item> items;
    while (begin < end) {
      const int32_t next = std::min(ubrk_following(clusters_.get(), begin), end);
      const int32_t first = utf16.characters[begin], last = utf16.characters[next];
      Font* const font = font_for(text.substr(first, last - first));
      const hb_script_t script = script_of(text[first]);
      begin = next;
      if (!items.empty() && items.back().font == font) {
        Item& before = items.back();
        if (before.script == HB_SCRIPT_COMMON) before.script = script;
        if (script == before.script || script == HB_SCRIPT_COMMON) {
          before.end = last;
          continue;
        }
      }
      items.push_back({first, last, font, script});
    }
    return items;
  }

  // Of characters that people see as one. Where no font has all of them it is one with the first, and what no font has
  // at all is the built-in one's to show.
  Font* font_for(std::u32string_view cluster) {
    const auto lacks = [&](char32_t character) { return !built_in_.has(character) && !is_invisible(character); };
    if (std::none_of(cluster.begin(), cluster.end(), lacks) || u_iscntrl(static_cast<UChar32>(cluster[0]))) {
      return &built_in_;
    }
    std::u32string visible(cluster);
    std::erase_if(visible, is_invisible);
    Font* font = installed_.find(visible);
    if (font == nullptr && !built_in_.has(visible[0])) font = installed_.find(visible.substr(0, 1));
    return font == nullptr ? &built_in_ : font;
  }

  void shape(std::u32string_view text, const Item& item, bool leftwards, int pixel_size, std::vector<Glyph>& glyphs) {
    hb_buffer_t* const buffer = buffer_.get();
    hb_buffer_clear_contents(buffer);
    hb_buffer_set_content_type(buffer, HB_BUFFER_CONTENT_TYPE_UNICODE);
    for (int32_t i = item.begin; i < item.end; ++i) hb_buffer_add(buffer, text[i], static_cast<unsigned>(i));
    hb_buffer_set_direction(buffer, leftwards ? HB_DIRECTION_RTL : HB_DIRECTION_LTR);
    hb_buffer_set_script(buffer, item.script);
    item.font->set_size(pixel_size);
    const std::span<const hb_feature_t> features = item.font->features();
    hb_shape(item.font->shaper(), buffer, features.data(), static_cast<unsigned>(features.size()));
    unsigned count = 0;
    const hb_glyph_info_t* infos = hb_buffer_get_glyph_infos(buffer, &count);
    const hb_glyph_position_t* positions = hb_buffer_get_glyph_positions(buffer, &count);
    for (unsigned i = 0; i < count; ++i) {
      const hb_glyph_position_t& where = positions[i];
      glyphs.push_back(
          {item.font, infos[i].codepoint, infos[i].cluster, where.x_advance, where.x_offset, where.y_offset});
    }
  }

  Font built_in_;
  InstalledFonts installed_;
  std::unique_ptr<UBiDi, decltype(&ubidi_close)> bidi_{ubidi_open(), ubidi_close};
  std::unique_ptr<UBreakIterator, decltype(&ubrk_close)> clusters_{nullptr, ubrk_close};
  std::unique_ptr<hb_buffer_t, decltype(&hb_buffer_destroy)> buffer_{hb_buffer_create(), hb_buffer_destroy};
};

}  // namespace

std::vector<Glyph> shape(std::u32string_view text, int pixel_size) {
  return Shaper::of_thread().shape(text, pixel_size);
}

bool is_right_to_left(std::u32string_view text) {
  const Utf16 utf16(text);
  return ubidi_getBaseDirection(utf16.units.data(), utf16.size()) == UBIDI_RTL;
}

bool is_invisible(char32_t character) {
  return u_hasBinaryProperty(static_cast<UChar32>(character), UCHAR_DEFAULT_IGNORABLE_CODE_POINT) != 0;
}

Font& built_in_font() {
  return Shaper::of_thread().built_in();
}

}  // namespace pixnerd::image
