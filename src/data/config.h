// The settings of the training data: the `data:` section of a configuration.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/schema.h"

namespace pixnerd::data {

// How a picture of any size becomes a square; see image/crop.h.
enum class Crop {
  adm,     // class-conditional models
  resize,  // text to image
};

std::span<const std::pair<const char*, Crop>> enum_names(Crop);

// What is done with EXIF's orientation, in which cameras say how they were held.
enum class Orientation {
  ignored,  // as the published models were trained
  exif,
};

std::span<const std::pair<const char*, Orientation>> enum_names(Orientation);

struct DataConfig {
  std::string path;
  std::vector<std::string> include;
  bool styles = false;
  double held_out = 0.0;
  int64_t image_size = 256;
  std::vector<int64_t> more_sizes;
  std::optional<double> more_sizes_share;
  Crop crop = Crop::adm;
  std::optional<std::array<int64_t, 3>> background;
  Orientation orientation = Orientation::ignored;
  int64_t shift_pixels = 0;
  double scale_percent = 0.0;
  bool horizontal_flip = false;
  int64_t workers = 2;
  int64_t cache_megabytes = 0;
  std::string cache;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    using config::between;
    visit("path", self.path,
          "folder of class folders or of pictures, folder of WebDataset shards (*.tar), one shard, or a pattern of "
          "shards such as data/{00000..00099}.tar");
    visit("include", self.include, "patterns (*, ?) of the class folders or shards to use; all if there is none");
    visit("styles", self.styles,
          "second label: the \"style\" of a shard's JSON, or the file's name without its ending in a class folder");
    visit("held_out", self.held_out, "share of the pictures kept from training, for the validation loss",
          between(0.0, 0.5));
    visit("image_size", self.image_size, "side of the square pictures in pixels", between(1, 16384));
    visit("more_sizes", self.more_sizes,
          "other sides to train on as well, a whole batch of one size each; previews stay at image_size",
          between(1, 16384));
    visit("more_sizes_share", self.more_sizes_share,
          "share of the batches that have them, each of more_sizes equally often; none is .25 where there are some",
          between(0.0, 1.0));
    visit("crop", self.crop, "how a picture becomes a square: adm or resize");
    visit("background", self.background,
          "red, green and blue (0 to 255) that transparent pixels are laid on; none drops alpha", between(0, 255));
    visit("orientation", self.orientation,
          "EXIF's orientation of photographs: ignored, as the published models were trained, or exif to follow it");
    visit("shift_pixels", self.shift_pixels,
          "random shift of at most that many pixels each way, edges repeated; of more_sizes in proportion",
          between(0, 16383));
    visit("scale_percent", self.scale_percent, "random change of the size by at most that many percent each way",
          between(0.0, 50.0));
    visit("horizontal_flip", self.horizontal_flip, "mirror every other picture, at random");
    visit("workers", self.workers, "threads that decode ahead of the network", between(1, 256));
    visit("cache_megabytes", self.cache_megabytes, "cropped pictures kept in memory, at most (10^6 bytes)",
          between(0, 1e9));
    visit(
        "cache", self.cache,
        "file that keeps the cropped pictures, made before the first step and mapped by all later runs; none if empty");
  }

  // All sides that training sees, image_size first; and the largest.
  std::vector<int64_t> sizes() const;
  int64_t largest_size() const;

  // What holds for pictures of one of them: that image_size, with no others beside it.
  DataConfig at_size(int64_t side) const;

  // ConfigError for a shift that can push the whole picture out of sight, and for sizes that are there twice or of
  // which no batch would be.
  void validate() const;
};

}  // namespace pixnerd::data
