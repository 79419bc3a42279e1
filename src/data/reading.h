// How a data set's picture files become pictures.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "data/config.h"
#include "image/codec.h"
#include "image/image.h"

namespace pixnerd::data {

// A picture, and what its file says of it.
struct Picture {
  image::Image image;
  image::Info info;
};

struct Reading {
  std::optional<image::Colour> background;  // under transparent pixels; alpha is dropped where there is none
  Orientation orientation = Orientation::ignored;
};

// config.background, whose parts are known to be 0 to 255, and config.orientation.
Reading reading_of(const DataConfig& config);

// Decoded, turned where that is wanted, not cropped. `name` stands for the file in the DataError if it cannot be read.
Picture read_picture(std::span<const std::byte> file, const std::string& name, const Reading& reading);

}  // namespace pixnerd::data
