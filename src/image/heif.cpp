// HEIC and AVIF by libheif: the primary picture.
#include <libheif/heif.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "core/errors.h"
#include "core/text.h"
#include "image/formats.h"

namespace pixnerd::image {
namespace {

// Turned and mirrored as the file's own properties say, which is no matter of EXIF.
class HeifDecoder {
 public:
  HeifDecoder(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits)
      : name_(name), context_(heif_context_alloc(), &heif_context_free), handle_(nullptr, &heif_image_handle_release) {
    if (!context_) throw DataError("HEIC: out of memory");
    // Other threads decode other pictures already.
    heif_context_set_max_decoding_threads(context_.get(), 0);
    require(heif_context_read_from_memory_without_copy(context_.get(), bytes.data(), bytes.size(), nullptr));
    heif_image_handle* handle = nullptr;
    require(heif_context_get_primary_image_handle(context_.get(), &handle));
    handle_.reset(handle);
    check_decoded_size(heif_image_handle_get_width(handle), heif_image_handle_get_height(handle), name, limits);
  }

  Info info() const {
    Info info{heif_image_handle_get_width(handle_.get()), heif_image_handle_get_height(handle_.get()), has_alpha()};
    info.bits = std::max(heif_image_handle_get_luma_bits_per_pixel(handle_.get()), 8);
    return info;
  }

  Image decode(std::optional<Colour> background) const {
    const bool keep_alpha = background && has_alpha();
    const std::unique_ptr<heif_decoding_options, decltype(&heif_decoding_options_free)> options(
        heif_decoding_options_alloc(), &heif_decoding_options_free);
    if (!options) throw DataError("HEIC: out of memory");
    options->strict_decoding = 1;
    // Where there is a choice: dav1d prints what it dislikes, and libheif 1.15 loses a little memory then.
    options->decoder_id = "aom";
    heif_image* decoded = nullptr;
    require(heif_decode_image(handle_.get(), &decoded, heif_colorspace_RGB,
                              keep_alpha ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB, options.get()));
    const std::unique_ptr<heif_image, decltype(&heif_image_release)> owned(decoded, &heif_image_release);
    const int width = heif_image_get_width(decoded, heif_channel_interleaved);
    const int height = heif_image_get_height(decoded, heif_channel_interleaved);
    if (width != info().width || height != info().height) fail("its sizes contradict each other");
    int stride = 0;
    const uint8_t* const plane = heif_image_get_plane_readonly(decoded, heif_channel_interleaved, &stride);
    const size_t row_bytes = static_cast<size_t>(width) * (keep_alpha ? 4 : 3);
    if (plane == nullptr || static_cast<size_t>(stride) < row_bytes) fail("no pixels");
    std::vector<uint8_t> pixels(row_bytes * static_cast<size_t>(height));
    for (int y = 0; y < height; ++y) {
      std::copy_n(plane + static_cast<size_t>(y) * static_cast<size_t>(stride), row_bytes,
                  pixels.data() + static_cast<size_t>(y) * row_bytes);
    }
    if (keep_alpha) return composite(width, height, std::move(pixels), *background);
    return {width, height, std::move(pixels)};
  }

 private:
  bool has_alpha() const { return heif_image_handle_has_alpha_channel(handle_.get()) != 0; }

  void require(const heif_error& error) const {
    if (error.code != heif_error_Ok) fail(error.message == nullptr ? "unknown" : error.message);
  }

  [[noreturn]] void fail(const char* reason) const {
    throw DataError(concat("picture '", name_, "': damaged or truncated HEIC or AVIF: ", printable(reason)));
  }

  const std::string& name_;
  std::unique_ptr<heif_context, decltype(&heif_context_free)> context_;
  std::unique_ptr<heif_image_handle, decltype(&heif_image_handle_release)> handle_;
};

}  // namespace

bool is_heif(std::span<const std::byte> bytes) {
  static constexpr std::array<std::string_view, 12> kBrands = {"avif", "avis", "heic", "heix", "hevc", "hevx",
                                                               "heim", "heis", "hevm", "hevs", "mif1", "msf1"};
  if (bytes.size() < 12) return false;
  const std::string_view begin(reinterpret_cast<const char*>(bytes.data()), 12);
  return begin.substr(4, 4) == "ftyp" && std::find(kBrands.begin(), kBrands.end(), begin.substr(8)) != kBrands.end();
}

Image decode_heif(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits,
                  std::optional<Colour> background) {
  return HeifDecoder(bytes, name, limits).decode(background);
}

Info inspect_heif(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits) {
  return HeifDecoder(bytes, name, limits).info();
}

}  // namespace pixnerd::image
