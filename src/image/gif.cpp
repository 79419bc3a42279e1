// GIF by giflib: the first frame.
#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <memory>

#include "core/errors.h"
#include "core/text.h"
#include "image/formats.h"

namespace pixnerd::image {
namespace {

struct Source {
  std::span<const std::byte> bytes;
  size_t position = 0;

  static int read(GifFileType* file, GifByteType* to, int count) {
    auto& source = *static_cast<Source*>(file->UserData);
    const size_t size = std::min(static_cast<size_t>(std::max(count, 0)), source.bytes.size() - source.position);
    std::copy_n(reinterpret_cast<const GifByteType*>(source.bytes.data()) + source.position, size, to);
    source.position += size;
    return static_cast<int>(size);
  }
};

void close(GifFileType* file) {
  DGifCloseFile(file, nullptr);
}

// As Pillow has them, frames that reach beyond the canvas make it larger.
class GifDecoder {
 public:
  GifDecoder(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits)
      : name_(name), source_{bytes}, file_(nullptr, close) {
    int error = 0;
    file_.reset(DGifOpen(&source_, Source::read, &error));
    if (!file_) fail(error);
    check_decoded_size(file_->SWidth, file_->SHeight, name, limits);
    find_frame();
    const GifImageDesc& frame = file_->Image;
    width_ = std::max(file_->SWidth, frame.Left + frame.Width);
    height_ = std::max(file_->SHeight, frame.Top + frame.Height);
    check_decoded_size(width_, height_, name, limits);
  }

  Info info() const { return {width_, height_, transparent_ >= 0}; }

  Image decode(std::optional<Colour> background) {
    const std::array<Colour, 256> colours = palette(background);
    Image image = blank(width_, height_);
    // What the frame leaves free has the transparent index, or 0.
    const Colour free = transparent_ < 0 && background && !covers()
                            ? *background
                            : colours[static_cast<size_t>(std::max(transparent_, 0))];
    for (size_t i = 0; i < image.rgb.size(); i += 3) put(image.rgb.data() + i, free);
    const GifImageDesc& frame = file_->Image;
    std::vector<GifPixelType> line(static_cast<size_t>(frame.Width));
    for (int row = 0; row < frame.Height; ++row) {
      if (DGifGetLine(file_.get(), line.data(), frame.Width) != GIF_OK) fail(file_->Error);
      uint8_t* to = image.row(frame.Top + row_of(row)) + size_t{3} * static_cast<size_t>(frame.Left);
      for (const GifPixelType index : line) {
        put(to, colours[index]);
        to += 3;
      }
    }
    return image;
  }

 private:
  static void put(uint8_t* to, Colour colour) {
    to[0] = colour.red;
    to[1] = colour.green;
    to[2] = colour.blue;
  }

  // Reads up to the first frame's pixels, and which index is transparent in it.
  void find_frame() {
    GifRecordType record = UNDEFINED_RECORD_TYPE;
    while (true) {
      if (DGifGetRecordType(file_.get(), &record) != GIF_OK) fail(file_->Error);
      if (record == TERMINATE_RECORD_TYPE) throw DataError(concat("picture '", name_, "': a GIF without a frame"));
      if (record == EXTENSION_RECORD_TYPE) read_extension();
      if (record != IMAGE_DESC_RECORD_TYPE) continue;
      if (DGifGetImageDesc(file_.get()) != GIF_OK) fail(file_->Error);
      if (file_->Image.Width < 1 || file_->Image.Height < 1) {
        throw DataError(concat("picture '", name_, "': a frame without pixels"));
      }
      return;
    }
  }

  void read_extension() {
    int code = 0;
    GifByteType* block = nullptr;  // its length, then as many bytes
    if (DGifGetExtension(file_.get(), &code, &block) != GIF_OK) fail(file_->Error);
    while (block != nullptr) {
      GraphicsControlBlock control{};
      if (code == GRAPHICS_EXT_FUNC_CODE && DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK) {
        transparent_ = control.TransparentColor;
      }
      if (DGifGetExtensionNext(file_.get(), &block) != GIF_OK) fail(file_->Error);
    }
  }

  bool covers() const {
    const GifImageDesc& frame = file_->Image;
    return frame.Left == 0 && frame.Top == 0 && frame.Width == width_ && frame.Height == height_;
  }

  // Without a palette the indices are grey, as in Pillow.
  std::array<Colour, 256> palette(std::optional<Colour> background) const {
    std::array<Colour, 256> colours{};
    const ColorMapObject* const map = file_->Image.ColorMap != nullptr ? file_->Image.ColorMap : file_->SColorMap;
    for (size_t i = 0; i < colours.size(); ++i) {
      const auto grey = static_cast<uint8_t>(i);
      if (map == nullptr) {
        colours[i] = {grey, grey, grey};
      } else if (static_cast<int>(i) < map->ColorCount) {
        colours[i] = {map->Colors[i].Red, map->Colors[i].Green, map->Colors[i].Blue};
      }
    }
    if (background && transparent_ >= 0) colours[static_cast<size_t>(transparent_)] = *background;
    return colours;
  }

  // Where a row of the file belongs: interlaced ones come in four passes.
  int row_of(int row) const {
    if (!file_->Image.Interlace) return row;
    static constexpr std::array<std::pair<int, int>, 4> kPasses = {{{0, 8}, {4, 8}, {2, 4}, {1, 2}}};
    for (const auto& [first, step] : kPasses) {
      const int rows = (file_->Image.Height - first + step - 1) / step;
      if (row < rows) return first + row * step;
      row -= std::max(rows, 0);
    }
    return 0;
  }

  [[noreturn]] void fail(int error) const {
    const char* const reason = GifErrorString(error);
    throw DataError(concat("picture '", name_, "': damaged or truncated GIF", reason == nullptr ? "" : ": ",
                           reason == nullptr ? "" : reason));
  }

  const std::string& name_;
  Source source_;
  std::unique_ptr<GifFileType, decltype(&close)> file_;
  int width_ = 0, height_ = 0;
  int transparent_ = -1;  // index; -1 for none
};

}  // namespace

Image decode_gif(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits,
                 std::optional<Colour> background) {
  return GifDecoder(bytes, name, limits).decode(background);
}

Info inspect_gif(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits) {
  return GifDecoder(bytes, name, limits).info();
}

}  // namespace pixnerd::image
