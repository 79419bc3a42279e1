#include "data/reading.h"

#include <utility>

#include "image/orientation.h"

namespace pixnerd::data {

Reading reading_of(const DataConfig& config) {
  Reading reading{{}, config.orientation};
  if (config.background) {
    const auto& [red, green, blue] = *config.background;
    reading.background =
        image::Colour{static_cast<uint8_t>(red), static_cast<uint8_t>(green), static_cast<uint8_t>(blue)};
  }
  return reading;
}

Picture read_picture(std::span<const std::byte> file, const std::string& name, const Reading& reading) {
  Picture picture{image::decode(file, name, {}, reading.background), image::inspect(file, name)};
  if (reading.orientation == Orientation::exif) {
    picture.image = image::oriented(std::move(picture.image), picture.info.orientation);
  }
  return picture;
}

}  // namespace pixnerd::data
