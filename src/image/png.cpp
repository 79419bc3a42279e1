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

class PngDecoder {
 public:
  PngDecoder(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits)
      : name_(name), context_(make_context(0)) {
    // Profiles and texts are compressed and kept: a small file must not fill the memory with them.
    constexpr size_t kMaxKept = size_t{64} << 20;
    require(spng_set_chunk_limits(context_.get(), kMaxKept, kMaxKept));
    require(spng_set_png_buffer(context_.get(), bytes.data(), bytes.size()));
    require(spng_get_ihdr(context_.get(), &header_));
    check_decoded_size(header_.width, header_.height, name, limits);
  }

  Image decode() {
    Image image = blank(static_cast<int>(header_.width), static_cast<int>(header_.height));
    const bool indexed = header_.color_type == SPNG_COLOR_TYPE_INDEXED;
    const bool deep_grey = header_.color_type == SPNG_COLOR_TYPE_GRAYSCALE && header_.bit_depth == 16;
    if (indexed) {
      expand_palette(image);
    } else if (deep_grey) {
      saturate_grey(image);
    } else {
      require(spng_decode_image(context_.get(), image.rgb.data(), image.rgb.size(), SPNG_FMT_RGB8, 0));
    }
    return image;
  }

 private:
  void require(int status) const {
    if (status != 0)
      throw DataError(concat("picture '", name_, "': damaged or truncated PNG: ", spng_strerror(status)));
  }

  // The samples as the file has them: packed below 8 bits, in this machine's byte order at 16.
  std::vector<uint8_t> samples() {
    size_t size = 0;
    require(spng_decoded_image_size(context_.get(), SPNG_FMT_PNG, &size));
    std::vector<uint8_t> samples(size);
    require(spng_decode_image(context_.get(), samples.data(), size, SPNG_FMT_PNG, 0));
    return samples;
  }

  // An index beyond the palette is black, as in Pillow; libspng's own expansion would refuse the file.
  void expand_palette(Image& image) {
    spng_plte palette{};
    require(spng_get_plte(context_.get(), &palette));
    std::fill(palette.entries + palette.n_entries, std::end(palette.entries), spng_plte_entry{});
    const std::vector<uint8_t> packed = samples();
    const size_t depth = header_.bit_depth, per_byte = 8 / depth;
    const size_t row_bytes = packed.size() / header_.height;
    for (int y = 0; y < image.height; ++y) {
      const uint8_t* source = packed.data() + static_cast<size_t>(y) * row_bytes;
      uint8_t* target = image.row(y);
      for (size_t x = 0; x < header_.width; ++x) {
        const size_t shift = 8 - depth * (x % per_byte + 1);
        const spng_plte_entry& entry = palette.entries[(source[x / per_byte] >> shift) & ((1u << depth) - 1)];
        target[3 * x] = entry.red;
        target[3 * x + 1] = entry.green;
        target[3 * x + 2] = entry.blue;
      }
    }
  }

  // Pillow keeps 16-bit grey as integers and clips them to 0..255 on the way to RGB; every other 16-bit kind is
  // shifted.
  void saturate_grey(Image& image) {
    const std::vector<uint8_t> bytes = samples();
    for (size_t i = 0; i < image.rgb.size() / 3; ++i) {
      uint16_t value;
      std::copy_n(bytes.data() + 2 * i, 2, reinterpret_cast<uint8_t*>(&value));
      std::fill_n(image.rgb.data() + 3 * i, 3, static_cast<uint8_t>(std::min<uint16_t>(value, 255)));
    }
  }

  const std::string& name_;
  Context context_;
  spng_ihdr header_{};
};

}  // namespace

Image decode_png(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits) {
  return PngDecoder(bytes, name, limits).decode();
}

std::vector<std::byte> encode_png(const Image& image) {
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
