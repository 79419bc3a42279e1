// Picture files of any format end in a DataError, or in a picture within the limits that has the same size with and
// without a background, and that a PNG keeps exactly.
#include <optional>

#include "image/codec.h"
#include "tests/fuzz/checks.h"

namespace {

using namespace pixnerd;
using fuzz::require;

constexpr image::DecodeLimits kLimits{.max_pixels = 1 << 16, .max_file_bytes = 1 << 20};

std::optional<image::Image> decoded(std::span<const std::byte> file, std::optional<image::Colour> background) {
  image::Image picture;
  if (!fuzz::accepts<DataError>([&] { picture = image::decode(file, "x.png", kLimits, background); })) return {};
  require(picture.width > 0 && picture.height > 0, "a picture has pixels");
  require(int64_t{picture.width} * picture.height <= kLimits.max_pixels, "a picture is within the limits");
  require(picture.rgb.size() == picture.row_bytes() * static_cast<size_t>(picture.height), "a picture is whole");
  return picture;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> file = fuzz::as_bytes(data, size);
  const auto plain = decoded(file, std::nullopt);
  const auto on_grey = decoded(file, image::Colour{128, 128, 128});
  require(plain.has_value() == on_grey.has_value(), "a background decides on no file");
  image::Info info;
  const bool is_known = fuzz::accepts<DataError>([&] { info = image::inspect(file, "x.png", kLimits); });
  if (!plain) return 0;
  require(is_known, "what is decoded can be inspected");
  require(info.width == plain->width && info.height == plain->height, "a picture has the size that its file states");
  require(info.orientation >= 1 && info.orientation <= 8, "an orientation is EXIF's");
  require(plain->width == on_grey->width && plain->height == on_grey->height, "a background changes no size");
  const image::Image again = image::decode(image::encode_png(*plain), "again.png");
  require(again.width == plain->width && again.rgb == plain->rgb, "a PNG holds what was put into it");
  return 0;
}
