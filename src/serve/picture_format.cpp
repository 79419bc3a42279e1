#include "serve/picture_format.h"

#include <array>

#include "image/codec.h"

namespace pixnerd::serve {
namespace {

std::vector<std::byte> bytes_of(const image::Image& picture, PictureFormat format, int quality) {
  switch (format) {
    case PictureFormat::jpeg:
      return image::encode_jpeg(picture, quality);
    case PictureFormat::webp:
      return image::encode_webp(picture, quality);
    case PictureFormat::png:
      break;
  }
  return image::encode_png(picture);
}

}  // namespace

std::span<const std::pair<const char*, PictureFormat>> enum_names(PictureFormat) {
  static constexpr std::array<std::pair<const char*, PictureFormat>, 3> kNames{
      {{"png", PictureFormat::png}, {"jpeg", PictureFormat::jpeg}, {"webp", PictureFormat::webp}}};
  return kNames;
}

std::string encoded(const image::Image& picture, PictureFormat format, int quality) {
  const std::vector<std::byte> bytes = bytes_of(picture, format, quality);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string encoded(std::string png, PictureFormat format, int quality) {
  if (format == PictureFormat::png) return png;
  return encoded(image::decode(std::as_bytes(std::span(png)), "a picture of this server"), format, quality);
}

}  // namespace pixnerd::serve
