// JPEG by TurboJPEG.
#include <turbojpeg.h>

#include <algorithm>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "core/errors.h"
#include "core/text.h"
#include "image/formats.h"

namespace pixnerd::image {
namespace {

using Decompressor = std::unique_ptr<std::remove_pointer_t<tjhandle>, decltype(&tjDestroy)>;

class JpegDecoder {
 public:
  JpegDecoder(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits)
      : bytes_(bytes), name_(name), handle_(tjInitDecompress(), &tjDestroy) {
    if (!handle_) throw DataError("JPEG: out of memory");
    int subsampling = -1;
    const int status =
        tjDecompressHeader3(handle_.get(), data(), bytes_.size(), &width_, &height_, &subsampling, &colour_space_);
    // A subsampling without a name in TurboJPEG is reported as a failure, but the rest was read and can be decoded.
    const bool read = width_ > 0 && height_ > 0 && colour_space_ >= 0;
    if (status != 0 && !read) fail();
    check_decoded_size(width_, height_, name, limits);
  }

  Info info() const {
    Info info{width_, height_};
    info.is_grey = colour_space_ == TJCS_GRAY;
    info.orientation = orientation_of_jpeg(bytes_);
    return info;
  }

  Image decode() {
    Image image = blank(width_, height_);
    if (colour_space_ == TJCS_CMYK || colour_space_ == TJCS_YCCK) {
      std::vector<uint8_t> cmyk(image.rgb.size() / 3 * 4);
      decompress(cmyk.data(), TJPF_CMYK);
      convert(cmyk, image);
    } else {
      decompress(image.rgb.data(), TJPF_RGB);
    }
    return image;
  }

 private:
  const unsigned char* data() const { return reinterpret_cast<const unsigned char*>(bytes_.data()); }

  // Files with small damage are common in large data sets and decode to something useful, as everywhere else; a file
  // that ends early or cannot be decoded to its end is refused. TurboJPEG calls every failure after a warning a
  // warning, but its text is the first warning's until a fatal error replaces it.
  void decompress(uint8_t* pixels, int format) {
    const int flags = TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS;
    if (run(pixels, format, flags | TJFLAG_STOPONWARNING) == 0) return;
    const std::string first_complaint = complaint();
    const bool truncated = first_complaint.find("Premature end") != std::string::npos;
    if (truncated || tjGetErrorCode(handle_.get()) == TJERR_FATAL) fail();
    if (run(pixels, format, flags) != 0 && complaint() != first_complaint) fail();
  }

  int run(uint8_t* pixels, int format, int flags) {
    return tjDecompress2(handle_.get(), data(), bytes_.size(), pixels, width_, 0, height_, format, flags);
  }

  // Adobe writes CMYK inverted, and Pillow takes every CMYK file for Adobe's. Ink is taken from what black leaves.
  static void convert(const std::vector<uint8_t>& inverted_cmyk, Image& image) {
    for (size_t i = 0; i < image.rgb.size() / 3; ++i) {
      const int light = inverted_cmyk[4 * i + 3];
      for (size_t channel = 0; channel < 3; ++channel) {
        const int ink = 255 - inverted_cmyk[4 * i + channel];
        const int product = ink * light + 128;
        const int absorbed = (product + (product >> 8)) >> 8;  // ink * light / 255, rounded
        image.rgb[3 * i + channel] = static_cast<uint8_t>(std::clamp(light - absorbed, 0, 255));
      }
    }
  }

  std::string complaint() const { return tjGetErrorStr2(handle_.get()); }

  [[noreturn]] void fail() const {
    throw DataError(concat("picture ", quoted(name_), ": damaged or truncated JPEG: ", complaint()));
  }

  std::span<const std::byte> bytes_;
  const std::string& name_;
  Decompressor handle_;
  int width_ = 0;
  int height_ = 0;
  int colour_space_ = -1;
};

constexpr int kFullColour = 90;  // the quality from which on colours keep their resolution
constexpr int kLongestJpegSide = 65'535;

}  // namespace

std::vector<std::byte> encode_jpeg(const Image& image, int quality) {
  check(image, "JPEG");
  if (quality < 0 || quality > 100) throw DataError(concat("JPEG: quality is from 0 to 100, not ", quality));
  if (std::max(image.width, image.height) > kLongestJpegSide) {
    throw DataError(concat("JPEG: no side may have more than ", kLongestJpegSide, " pixels; ", image.width, "x",
                           image.height, " has"));
  }
  const std::unique_ptr<std::remove_pointer_t<tjhandle>, decltype(&tjDestroy)> compressor(tjInitCompress(), &tjDestroy);
  if (!compressor) throw DataError("JPEG: out of memory");
  unsigned char* file = nullptr;
  unsigned long size = 0;  // NOLINT(google-runtime-int): TurboJPEG's type
  const int status =
      tjCompress2(compressor.get(), image.rgb.data(), image.width, 0, image.height, TJPF_RGB, &file, &size,
                  quality >= kFullColour ? TJSAMP_444 : TJSAMP_420, std::max(quality, 1), TJFLAG_ACCURATEDCT);
  const std::unique_ptr<unsigned char, decltype(&tjFree)> owned(file, &tjFree);
  if (status != 0) throw DataError(concat("JPEG: cannot encode the picture: ", tjGetErrorStr2(compressor.get())));
  const auto* begin = reinterpret_cast<const std::byte*>(file);
  return {begin, begin + size};
}

Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits,
                  std::optional<Colour>) {
  return JpegDecoder(bytes, name, limits).decode();
}

Info inspect_jpeg(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits) {
  return JpegDecoder(bytes, name, limits).info();
}

}  // namespace pixnerd::image
