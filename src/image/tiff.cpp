// TIFF by libtiff: the first page, turned as its orientation says.
#include <tiffio.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "core/errors.h"
#include "core/text.h"
#include "image/formats.h"
#include "image/orientation.h"

namespace pixnerd::image {
namespace {

// What libtiff may take at a time: strips and tiles say themselves how large they are.
constexpr tmsize_t kMaxAllocation = tmsize_t{1} << 30;

struct Source {
  std::span<const std::byte> bytes;
  toff_t position = 0;
  std::string complaint;  // the first

  static Source& of(thandle_t self) { return *static_cast<Source*>(self); }

  static tmsize_t read(thandle_t self, void* to, tmsize_t size) {
    Source& source = of(self);
    const toff_t left = source.bytes.size() - std::min<toff_t>(source.position, source.bytes.size());
    const auto count = std::min(static_cast<toff_t>(std::max<tmsize_t>(size, 0)), left);
    std::memcpy(to, source.bytes.data() + (source.bytes.size() - left), count);
    source.position += count;
    return static_cast<tmsize_t>(count);
  }
  static tmsize_t write(thandle_t, void*, tmsize_t) { return -1; }
  static toff_t seek(thandle_t self, toff_t offset, int whence) {
    Source& source = of(self);
    const toff_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? source.position : source.bytes.size();
    return source.position = from + offset;
  }
  static int close(thandle_t) { return 0; }
  static toff_t size(thandle_t self) { return of(self).bytes.size(); }

  static int complain(TIFF*, void* self, const char*, const char* format, va_list arguments) {
    std::string& complaint = of(self).complaint;
    if (!complaint.empty()) return 1;
    char text[200];
    std::vsnprintf(text, sizeof(text), format, arguments);
    complaint = printable(text, 150);
    return 1;
  }
  static int pass_over(TIFF*, void*, const char*, const char*, va_list) { return 1; }
};

uint32_t opaque(uint32_t red, uint32_t green, uint32_t blue) {
  return red | green << 8 | blue << 16 | uint32_t{0xff} << 24;
}

// Pillow's choice for 16-bit grey, in place of libtiff's, which is the high byte.
void put_clipped(TIFFRGBAImage* image, uint32_t* to, uint32_t, uint32_t, uint32_t width, uint32_t height,
                 int32_t from_skew, int32_t to_skew, unsigned char* from) {
  for (; height > 0; --height) {
    for (uint32_t x = 0; x < width; ++x, from += 2 * image->samplesperpixel) {
      uint16_t value;
      std::memcpy(&value, from, sizeof(value));
      const uint32_t grey = std::min<uint32_t>(value, 255);
      *to++ = opaque(grey, grey, grey);
    }
    to += to_skew;
    from += std::ptrdiff_t{from_skew} * 2 * image->samplesperpixel;
  }
}

class TiffDecoder {
 public:
  TiffDecoder(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits,
              bool clips_grey = true)
      : name_(name), clips_grey_(clips_grey), source_{bytes, 0, ""}, file_(nullptr, &TIFFClose) {
    const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(TIFFOpenOptionsAlloc(),
                                                                                   &TIFFOpenOptionsFree);
    if (!options) throw DataError("TIFF: out of memory");
    TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), kMaxAllocation);
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), Source::complain, &source_);
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), Source::pass_over, &source_);
    file_.reset(TIFFClientOpenExt("picture", "rm", &source_, Source::read, Source::write, Source::seek, Source::close,
                                  Source::size, nullptr, nullptr, options.get()));
    if (!file_) fail("");
    uint32_t width = 0, height = 0;
    if (TIFFGetField(file_.get(), TIFFTAG_IMAGEWIDTH, &width) == 0 ||
        TIFFGetField(file_.get(), TIFFTAG_IMAGELENGTH, &height) == 0) {
      fail("no size");
    }
    check_decoded_size(width, height, name, limits);
    width_ = static_cast<int>(width);
    height_ = static_cast<int>(height);
  }

  Info info() const {
    Info info{width_, height_};
    if (lies_on_its_side(orientation())) std::swap(info.width, info.height);
    info.has_alpha = has_alpha();
    info.is_grey = is_grey();
    info.bits = std::max<int>(tag(TIFFTAG_BITSPERSAMPLE), 8);
    return info;
  }

  Image decode(std::optional<Colour> background) {
    char reason[1024] = "";
    if (TIFFRGBAImageOK(file_.get(), reason) == 0) fail(reason);
    TIFFRGBAImage image;
    if (TIFFRGBAImageBegin(&image, file_.get(), 1, reason) == 0) fail(reason);
    const std::unique_ptr<TIFFRGBAImage, decltype(&TIFFRGBAImageEnd)> owned(&image, &TIFFRGBAImageEnd);
    // Rows in the order of the file; turned below.
    image.orientation = image.req_orientation = ORIENTATION_TOPLEFT;
    keep_samples(image);
    // libtiff writes words, whose bytes become the colours in their place.
    std::vector<uint8_t> rgba(size_t{4} * static_cast<size_t>(width_) * static_cast<size_t>(height_));
    const bool read = TIFFRGBAImageGet(&image, reinterpret_cast<uint32_t*>(rgba.data()), static_cast<uint32_t>(width_),
                                       static_cast<uint32_t>(height_)) != 0;
    if (!read || !source_.complaint.empty()) fail("");
    take_apart(rgba, has_alpha() ? image.alpha : 0);
    Image picture = background ? composite(width_, height_, std::move(rgba), *background)
                               : without_alpha(width_, height_, std::move(rgba));
    return oriented(std::move(picture), orientation());
  }

 private:
  uint16_t tag(uint32_t tag) const {
    uint16_t value = 0;
    TIFFGetFieldDefaulted(file_.get(), tag, &value);
    return value;
  }

  bool is_grey() const {
    uint16_t photometric = PHOTOMETRIC_RGB;
    TIFFGetField(file_.get(), TIFFTAG_PHOTOMETRIC, &photometric);
    return photometric == PHOTOMETRIC_MINISBLACK || photometric == PHOTOMETRIC_MINISWHITE;
  }

  // Extra samples of no stated kind are none, as in Pillow.
  bool has_alpha() const {
    uint16_t count = 0;
    const uint16_t* kinds = nullptr;
    TIFFGetFieldDefaulted(file_.get(), TIFFTAG_EXTRASAMPLES, &count, &kinds);
    return count > 0 && (kinds[0] == EXTRASAMPLE_ASSOCALPHA || kinds[0] == EXTRASAMPLE_UNASSALPHA);
  }

  int orientation() const { return tag(TIFFTAG_ORIENTATION); }

  // libtiff would round samples of 16 bits and multiply alpha in; its tables are made to do neither.
  void keep_samples(TIFFRGBAImage& image) const {
    if (image.Bitdepth16To8 != nullptr) {
      for (uint32_t i = 0; i < 1u << 16; ++i) image.Bitdepth16To8[i] = static_cast<uint8_t>(i >> 8);
    }
    if (image.UaToAa != nullptr) {
      for (uint32_t i = 0; i < 1u << 16; ++i) image.UaToAa[i] = static_cast<uint8_t>(i);
    }
    const bool is_grey = image.photometric == PHOTOMETRIC_MINISBLACK || image.photometric == PHOTOMETRIC_MINISWHITE;
    if (clips_grey_ && is_grey && image.bitspersample == 16 && image.samplesperpixel == 1)
      image.put.contig = put_clipped;
  }

  // libtiff's words into bytes of red, green, blue and alpha, which is divided out where it was multiplied in.
  static void take_apart(std::vector<uint8_t>& rgba, int alpha) {
    for (size_t i = 0; i < rgba.size(); i += 4) {
      uint32_t pixel;
      std::memcpy(&pixel, rgba.data() + i, sizeof(pixel));
      const uint32_t a = alpha == 0 ? 255 : TIFFGetA(pixel);
      const auto colour = [&](uint32_t value) {
        if (alpha != EXTRASAMPLE_ASSOCALPHA || a == 0) return static_cast<uint8_t>(value);
        return static_cast<uint8_t>(std::min<uint32_t>(255 * value / a, 255));
      };
      rgba[i] = colour(TIFFGetR(pixel));
      rgba[i + 1] = colour(TIFFGetG(pixel));
      rgba[i + 2] = colour(TIFFGetB(pixel));
      rgba[i + 3] = static_cast<uint8_t>(a);
    }
  }

  [[noreturn]] void fail(const char* reason) const {
    const std::string why = *reason != '\0' ? printable(reason, 150) : source_.complaint;
    throw DataError(concat("picture '", name_, "': damaged, truncated or unusual TIFF", why.empty() ? "" : ": ", why));
  }

  const std::string& name_;
  bool clips_grey_;
  Source source_;
  std::unique_ptr<TIFF, decltype(&TIFFClose)> file_;
  int width_ = 0, height_ = 0;
};

}  // namespace

Image decode_tiff(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits,
                  std::optional<Colour> background) {
  return TiffDecoder(bytes, name, limits).decode(background);
}

Image decode_tiff_unclipped(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits,
                            std::optional<Colour> background) {
  return TiffDecoder(bytes, name, limits, /*clips_grey=*/false).decode(background);
}

Info inspect_tiff(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits) {
  return TiffDecoder(bytes, name, limits).info();
}

}  // namespace pixnerd::image
