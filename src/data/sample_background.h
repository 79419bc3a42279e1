// What transparent pixels of a data set's pictures are laid on.
#pragma once

#include <optional>

#include "data/config.h"
#include "image/image.h"

namespace pixnerd::data {

// config.background, whose parts are known to be 0 to 255; nothing where alpha is dropped.
inline std::optional<image::Colour> background_of(const DataConfig& config) {
  if (!config.background) return std::nullopt;
  const auto& [red, green, blue] = *config.background;
  return image::Colour{static_cast<uint8_t>(red), static_cast<uint8_t>(green), static_cast<uint8_t>(blue)};
}

}  // namespace pixnerd::data
