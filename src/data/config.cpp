#include "data/config.h"

#include <array>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::data {

std::span<const std::pair<const char*, Crop>> enum_names(Crop) {
  static constexpr std::array<std::pair<const char*, Crop>, 2> kNames{{{"adm", Crop::adm}, {"resize", Crop::resize}}};
  return kNames;
}

std::span<const std::pair<const char*, Orientation>> enum_names(Orientation) {
  static constexpr std::array<std::pair<const char*, Orientation>, 2> kNames{
      {{"ignored", Orientation::ignored}, {"exif", Orientation::exif}}};
  return kNames;
}

void DataConfig::validate() const {
  if (shift_pixels >= image_size) {
    throw ConfigError(concat("shift_pixels ", shift_pixels, " must be less than image_size ", image_size));
  }
}

}  // namespace pixnerd::data
