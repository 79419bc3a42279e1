// Pictures and files that the tests of src/image share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "core/file.h"
#include "image/codec.h"
#include "image/image.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"

namespace pixnerd::image {

inline const std::filesystem::path kData = "tests/image/data";

inline Image noise(int width, int height, unsigned seed) {
  Image image = blank(width, height);
  std::mt19937 generator(seed);
  for (uint8_t& value : image.rgb) value = static_cast<uint8_t>(generator());
  return image;
}

inline std::vector<std::byte> bytes_of(const std::filesystem::path& path) {
  const std::string content = read_file(path, size_t{1} << 24);
  const auto bytes = std::as_bytes(std::span(content));
  return {bytes.begin(), bytes.end()};
}

// The largest difference of two pictures, 256 when their sizes differ.
inline int distance(const Image& a, const Image& b) {
  if (a.width != b.width || a.height != b.height || a.rgb.size() != b.rgb.size()) return 256;
  int largest = 0;
  for (size_t i = 0; i < a.rgb.size(); ++i) largest = std::max(largest, std::abs(a.rgb[i] - b.rgb[i]));
  return largest;
}

}  // namespace pixnerd::image
