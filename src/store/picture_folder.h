// Pictures on disk under the hash of their content: the same bytes are one file, and a name can be kept for ever.
//
//   <folder>/ab/abcdef... (64 digits).png
//
// Threads: every call from any of them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace pixnerd::store {

// SHA-256 in 64 hexadecimal digits of small letters, and nothing else: what a client may name.
bool is_hash(std::string_view text);

class PictureFolder {
 public:
  // Makes the folder. DataError if that cannot be done.
  explicit PictureFolder(std::filesystem::path folder);

  // Writes a file of `bytes` whole and to the disk, unless it is there; its hash. DataError: it cannot be written.
  std::string put(std::string_view bytes, std::string_view extension);

  // All of it; nothing where there is none of that hash. `extension` as it was put. DataError: it cannot be read.
  std::optional<std::string> read(const std::string& hash, std::string_view extension) const;

  // False where there was none.
  bool remove(const std::string& hash, std::string_view extension);

 private:
  std::filesystem::path path_of(const std::string& hash, std::string_view extension) const;

  std::filesystem::path folder_;
};

}  // namespace pixnerd::store
