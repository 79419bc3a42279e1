// What a picture is drawn with: its size and the sampler's settings. The `sample:` section of a configuration.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "config/schema.h"
#include "diffusion/sampler_config.h"

namespace pixnerd::engine {

using PictureSize = std::array<int64_t, 2>;  // width, height

// The directions in which a picture's edges are to meet, as tiles do.
enum class Tile { none, x, y, xy };
std::span<const std::pair<const char*, Tile>> enum_names(Tile);

struct SampleConfig {
  PictureSize size{256, 256};
  std::optional<PictureSize> decode_size;
  double decode_time = 0.5;
  Tile tile = Tile::none;
  diffusion::SamplerConfig sampler;

  // The sampler's keys stand beside `size`, not in a section of their own.
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("size", self.size, "width and height in pixels, multiples of the patch",
          config::between(1, diffusion::kLongestSide));
    visit("decode_size", self.decode_size,
          "width and height to go on at from decode_time on, with the tokens of `size`; none stays at it",
          config::between(1, diffusion::kLongestSide));
    visit("decode_time", self.decode_time, "when decode_size takes over", config::between(0.0, 1.0));
    visit("tile", self.tile, "the edges that meet without a seam: left and right (x), top and bottom (y), or both");
    diffusion::SamplerConfig::fields(self.sampler, visit);
  }

  // Of the finished picture.
  PictureSize picture_size() const { return decode_size.value_or(size); }

  // ConfigError for settings that do not go together.
  void validate() const;

  bool operator==(const SampleConfig&) const = default;
};

}  // namespace pixnerd::engine
