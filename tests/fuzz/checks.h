// What the fuzz targets share: how they say that something must hold, and files for readers that want a path.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "core/errors.h"

// A fuzz target reads `size` bytes that may hold anything. An exception that leaves it is a finding.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace pixnerd::fuzz {

// A promise of a header that was found broken.
struct Broken : std::logic_error {
  using std::logic_error::logic_error;
};

inline void require(bool holds, const char* promise) {
  if (!holds) throw Broken(promise);
}

// Whether `action` accepts its input: true if it returns, false if it refuses by an error of type E, whose message must
// be one line of bounded length that a terminal can show. All other exceptions are findings.
template <class E, class Action>
bool accepts(Action action) {
  try {
    action();
    return true;
  } catch (const E& error) {
    const std::string_view message = error.what();
    require(!message.empty() && message.size() < 4096, "a message is neither empty nor longer than 4 kB");
    for (const char c : message) {
      const auto byte = static_cast<unsigned char>(c);
      require(byte >= 0x20 && byte != 0x7f, "a message has no control characters");
    }
    return false;
  }
}

inline std::string_view as_text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline std::span<const std::byte> as_bytes(const uint8_t* data, size_t size) {
  return std::as_bytes(std::span(data, size));
}

// A regular file in memory that holds these bytes, as long as it lives.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content) : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    while (!content.empty()) {
      const ssize_t written = ::write(descriptor_, content.data(), content.size());
      if (written < 0) throw std::runtime_error("no file in memory can be made");
      content.remove_prefix(static_cast<size_t>(written));
    }
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(descriptor_); }

  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace pixnerd::fuzz
