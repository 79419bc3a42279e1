// The settings of the training data: the `data:` section of a configuration.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "config/schema.h"

namespace pixnerd::data {

// How a picture of any size becomes a square; see image/crop.h.
enum class Crop {
  adm,     // class-conditional models
  resize,  // text to image
};

std::span<const std::pair<const char*, Crop>> enum_names(Crop);

struct DataConfig {
  std::string path;
  int64_t image_size = 256;
  Crop crop = Crop::adm;
  int64_t shift_pixels = 0;
  bool horizontal_flip = false;
  int64_t workers = 2;
  int64_t cache_megabytes = 0;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    using config::between;
    visit("path", self.path, "folder with one folder of pictures for each class");
    visit("image_size", self.image_size, "side of the square pictures in pixels", between(1, 16384));
    visit("crop", self.crop, "how a picture becomes a square: adm or resize");
    visit("shift_pixels", self.shift_pixels, "random shift of at most that many pixels each way, edges repeated",
          between(0, 16383));
    visit("horizontal_flip", self.horizontal_flip, "mirror every other picture, at random");
    visit("workers", self.workers, "threads that decode ahead of the network", between(1, 256));
    visit("cache_megabytes", self.cache_megabytes, "cropped pictures kept in memory, at most (10^6 bytes)",
          between(0, 1e9));
  }

  // ConfigError for a shift that can push the whole picture out of sight.
  void validate() const;
};

}  // namespace pixnerd::data
