#include "data/config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

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

std::vector<int64_t> DataConfig::sizes() const {
  std::vector<int64_t> all{image_size};
  all.insert(all.end(), more_sizes.begin(), more_sizes.end());
  return all;
}

int64_t DataConfig::largest_size() const {
  return std::ranges::max(sizes());
}

DataConfig DataConfig::at_size(int64_t side) const {
  DataConfig config = *this;
  config.image_size = side;
  config.more_sizes.clear();
  config.more_sizes_share.reset();
  if (side != image_size) {
    const double scale = static_cast<double>(side) / static_cast<double>(image_size);
    config.shift_pixels = std::llround(static_cast<double>(shift_pixels) * scale);
  }
  return config;
}

void DataConfig::validate() const {
  if (shift_pixels >= image_size) {
    throw ConfigError(concat("shift_pixels ", shift_pixels, " must be less than image_size ", image_size));
  }
  std::set<int64_t> seen;
  for (const int64_t size : sizes()) {
    if (seen.insert(size).second) continue;
    throw ConfigError(concat("image_size and more_sizes have ", size, " twice; name each size once"));
  }
  if (more_sizes.empty() && more_sizes_share.value_or(0) > 0) {
    throw ConfigError(concat("more_sizes_share is ", *more_sizes_share, ", but there are no more_sizes; name some"));
  }
  if (!more_sizes.empty() && more_sizes_share == 0) {
    throw ConfigError("more_sizes_share is 0, so that no batch would have one of more_sizes; leave them out");
  }
}

}  // namespace pixnerd::data
