// PNG by libspng.
#include <spng.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "core/errors.h"
#include "core/text.h"
#include "image/formats.h"

namespace pixnerd::image {
namespace {

using Context = std::unique_ptr<spng_ctx, decltype(&spng_ctx_free)>;

Context make_context(int flags) {
  Context context(spng_ctx_new(flags), &spng_ctx_free);
  if (!context) throw DataError("PNG: out of memory");
  return context;
}

// Its pointers are the text's own.
spng_text chunk_of(const PngText& text) {
  spng_text chunk{};
  if (text.keyword.empty() || text.keyword.size() >= sizeof(chunk.keyword)) {
    throw DataError(concat("PNG: a keyword has 1 to 79 characters, not ", text.keyword.size()));
  }
  text.keyword.copy(chunk.keyword, text.keyword.size());
  chunk.type = SPNG_ITXT;
  chunk.length = text.text.size();
  chunk.text = const_cast<char*>(text.text.data());  // libspng reads it only
  static char none[] = "";
  chunk.language_tag = none;
  chunk.translated_keyword = none;
  return chunk;
}

class PngDecoder {
 public:
  PngDecoder(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits,
             bool clips_grey = true)
      : name_(name), clips_grey_(clips_grey), context_(make_context(0)) {
    // Profiles and texts are compressed and kept: a small file must not fill the memory with them.
    constexpr size_t kMaxKept = size_t{64} << 20;
    require(spng_set_chunk_limits(context_.get(), kMaxKept, kMaxKept));
    require(spng_set_png_buffer(context_.get(), bytes.data(), bytes.size()));
    require(spng_get_ihdr(context_.get(), &header_));
    check_decoded_size(header_.width, header_.height, name, limits);
  }

  Image decode(std::optional<Colour> background) {
    if (background && !has_alpha()) background.reset();
    if (header_.color_type == SPNG_COLOR_TYPE_INDEXED) return expand_palette(background);
    if (header_.color_type == SPNG_COLOR_TYPE_GRAYSCALE && header_.bit_depth == 16) return saturate_grey(background);
    if (background) return composite(width(), height(), pixels(SPNG_FMT_RGBA8, SPNG_DECODE_TRNS), *background);
    return {width(), height(), pixels(SPNG_FMT_RGB8, 0)};
  }

  Info info() {
    Info info{width(), height(), has_alpha()};
    info.is_grey =
        header_.color_type == SPNG_COLOR_TYPE_GRAYSCALE || header_.color_type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA;
    info.bits = std::max<int>(header_.bit_depth, 8);
    spng_exif exif{};
    const int status = spng_get_exif(context_.get(), &exif);
    if (status == 0) info.orientation = orientation_of_exif(std::as_bytes(std::span(exif.data, exif.length)));
    return info;
  }

  // Texts may stand behind the pixels, so that these are decoded first.
  std::optional<std::string> text(const std::string& keyword) {
    pixels(SPNG_FMT_RGB8, 0);
    require(spng_decode_chunks(context_.get()));
    uint32_t count = 0;
    const int status = spng_get_text(context_.get(), nullptr, &count);
    if (status == SPNG_ECHUNKAVAIL) return std::nullopt;
    require(status);
    std::vector<spng_text> texts(count);
    require(spng_get_text(context_.get(), texts.data(), &count));
    for (const spng_text& each : texts) {
      if (keyword == each.keyword) return std::string(each.text, each.length);
    }
    return std::nullopt;
  }

 private:
  void require(int status) const {
    if (status != 0)
      throw DataError(concat("picture ", quoted(name_), ": damaged or truncated PNG: ", spng_strerror(status)));
  }

  int width() const { return static_cast<int>(header_.width); }
  int height() const { return static_cast<int>(header_.height); }

  // Alpha of its own or by a tRNS chunk, which is kept.
  bool has_alpha() {
    const int status = spng_get_trns(context_.get(), &transparent_);
    if (status != SPNG_ECHUNKAVAIL) require(status);
    return status == 0 || header_.color_type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA ||
           header_.color_type == SPNG_COLOR_TYPE_TRUECOLOR_ALPHA;
  }

  std::vector<uint8_t> pixels(spng_format format, int flags) {
    size_t size = 0;
    require(spng_decoded_image_size(context_.get(), format, &size));
    std::vector<uint8_t> pixels(size);
    require(spng_decode_image(context_.get(), pixels.data(), size, format, flags));
    return pixels;
  }

  // The samples as the file has them: packed below 8 bits, in this machine's byte order at 16.
  std::vector<uint8_t> samples() { return pixels(SPNG_FMT_PNG, 0); }

  // On a background with a tRNS chunk. An index beyond the palette is black, as in Pillow; libspng's own expansion
  // would refuse the file.
  spng_plte palette(std::optional<Colour> background) {
    spng_plte palette{};
    require(spng_get_plte(context_.get(), &palette));
    std::fill(palette.entries + palette.n_entries, std::end(palette.entries), spng_plte_entry{});
    const uint32_t translucent = background ? std::min(transparent_.n_type3_entries, palette.n_entries) : 0;
    for (uint32_t i = 0; i < translucent; ++i) {
      spng_plte_entry& entry = palette.entries[i];
      const uint8_t alpha = transparent_.type3_alpha[i];
      entry.red = blend(entry.red, alpha, background->red);
      entry.green = blend(entry.green, alpha, background->green);
      entry.blue = blend(entry.blue, alpha, background->blue);
    }
    return palette;
  }

  Image expand_palette(std::optional<Colour> background) {
    Image image = blank(width(), height());
    const spng_plte colours = palette(background);
    const std::vector<uint8_t> packed = samples();
    const size_t depth = header_.bit_depth, per_byte = 8 / depth;
    const size_t row_bytes = packed.size() / header_.height;
    for (int y = 0; y < image.height; ++y) {
      const uint8_t* source = packed.data() + static_cast<size_t>(y) * row_bytes;
      uint8_t* target = image.row(y);
      for (size_t x = 0; x < header_.width; ++x) {
        const size_t shift = 8 - depth * (x % per_byte + 1);
        const spng_plte_entry& entry = colours.entries[(source[x / per_byte] >> shift) & ((1u << depth) - 1)];
        target[3 * x] = entry.red;
        target[3 * x + 1] = entry.green;
        target[3 * x + 2] = entry.blue;
      }
    }
    return image;
  }

  // Pillow keeps 16-bit grey as integers and clips them to 0..255 on the way to RGB; every other 16-bit kind is
  // shifted, and so is grey where it is not to be clipped. On a background the one transparent grey becomes the
  // background.
  Image saturate_grey(std::optional<Colour> background) {
    Image image = blank(width(), height());
    const std::vector<uint8_t> bytes = samples();
    for (size_t i = 0; i < image.rgb.size() / 3; ++i) {
      uint16_t value;
      std::copy_n(bytes.data() + 2 * i, 2, reinterpret_cast<uint8_t*>(&value));
      const auto grey = static_cast<uint8_t>(clips_grey_ ? std::min<uint16_t>(value, 255) : value >> 8);
      const bool hidden = background && value == transparent_.gray;
      const Colour colour = hidden ? *background : Colour{grey, grey, grey};
      image.rgb[3 * i] = colour.red;
      image.rgb[3 * i + 1] = colour.green;
      image.rgb[3 * i + 2] = colour.blue;
    }
    return image;
  }

  const std::string& name_;
  bool clips_grey_;
  Context context_;
  spng_ihdr header_{};
  spng_trns transparent_{};
};

}  // namespace

Image decode_png(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits,
                 std::optional<Colour> background) {
  return PngDecoder(bytes, name, limits).decode(background);
}

Image decode_png_unclipped(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits,
                           std::optional<Colour> background) {
  return PngDecoder(bytes, name, limits, /*clips_grey=*/false).decode(background);
}

Info inspect_png(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits) {
  return PngDecoder(bytes, name, limits).info();
}

std::optional<std::string> png_text(std::span<const std::byte> bytes, const std::string& name,
                                    const std::string& keyword) {
  return PngDecoder(bytes, name, {}).text(keyword);
}

std::vector<std::byte> encode_png(const Image& image, const std::vector<PngText>& texts) {
  check(image, "PNG");
  const Context context = make_context(SPNG_CTX_ENCODER);
  const auto require = [](int status) {
    if (status != 0) throw DataError(concat("PNG: cannot encode the picture: ", spng_strerror(status)));
  };
  spng_ihdr header{};
  header.width = static_cast<uint32_t>(image.width);
  header.height = static_cast<uint32_t>(image.height);
  header.bit_depth = 8;
  header.color_type = SPNG_COLOR_TYPE_TRUECOLOR;
  require(spng_set_option(context.get(), SPNG_ENCODE_TO_BUFFER, 1));
  require(spng_set_ihdr(context.get(), &header));
  std::vector<spng_text> chunks;
  for (const PngText& each : texts) chunks.push_back(chunk_of(each));
  if (!chunks.empty()) require(spng_set_text(context.get(), chunks.data(), static_cast<uint32_t>(chunks.size())));
  require(spng_encode_image(context.get(), image.rgb.data(), image.rgb.size(), SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE));
  size_t size = 0;
  int status = 0;
  const std::unique_ptr<void, decltype(&std::free)> buffer(spng_get_png_buffer(context.get(), &size, &status),
                                                           &std::free);
  require(status);
  const auto* begin = static_cast<const std::byte*>(buffer.get());
  return {begin, begin + size};
}

}  // namespace pixnerd::image
