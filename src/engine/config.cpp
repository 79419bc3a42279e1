#include "engine/config.h"

#include "core/errors.h"

namespace pixnerd::engine {

std::span<const std::pair<const char*, Tile>> enum_names(Tile) {
  static constexpr std::array<std::pair<const char*, Tile>, 4> kNames{
      {{"none", Tile::none}, {"x", Tile::x}, {"y", Tile::y}, {"xy", Tile::xy}}};
  return kNames;
}

void SampleConfig::validate() const {
  sampler.validate();
  if (tile != Tile::none && decode_size) {
    throw ConfigError("a picture whose edges meet (tile) is drawn at one size; leave out decode_size");
  }
}

}  // namespace pixnerd::engine
