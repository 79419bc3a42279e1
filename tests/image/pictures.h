// Pictures and files that the tests of src/image share.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/file.h"
#include "image/codec.h"
#include "image/image.h"

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

// The message of the E that `act` throws, "" if it throws none.
template <class E, class Act>
std::string message_of(Act act) {
  try {
    act();
  } catch (const E& error) {
    return error.what();
  }
  return "";
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "pixnerd-image-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::filesystem::path operator/(const char* name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace pixnerd::image
