// Pictures on disk under the hash of their content: the same bytes are one file, and a name can be kept for ever.
//
//   <folder>/ab/abcdef... (64 digits).png
//
// Threads: every call from any of them. Whoever removes the file of a hash sees to it that nobody puts the same bytes
// at that time: put() finds the file there and leaves it, and then it is gone.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pixnerd::store {

// SHA-256 in 64 hexadecimal digits of small letters, and nothing else: what a client may name.
bool is_hash(std::string_view text);

// The SHA-256 of the bytes, as is_hash() has it.
std::string hash_of_content(std::string_view bytes);

class PictureFolder {
 public:
  // Makes the folder. DataError if that cannot be done or nothing can be written there.
  explicit PictureFolder(std::filesystem::path folder);

  // Writes a file of `bytes` whole and to the disk, unless it is there; its hash. `extension`: at most 8 small letters
  // and digits, without the dot (else a RequestError). DataError: it cannot be written; then there is no such file.
  std::string put(std::string_view bytes, std::string_view extension);

  // All of it; nothing where there is none of that hash and extension, and where they are none at all. DataError: it
  // cannot be read, or its content has another hash: it is damaged.
  std::optional<std::string> read(const std::string& hash, std::string_view extension) const;

  // False where there was none. DataError: it stays.
  bool remove(const std::string& hash, std::string_view extension);

  // All that are there, in no order: those that no job has (History::is_used) were put by a process that ended before
  // it told of them. DataError: the folder cannot be read.
  std::vector<std::string> hashes(std::string_view extension) const;

 private:
  std::filesystem::path path_of(const std::string& hash, std::string_view extension) const;

  std::filesystem::path folder_;
};

}  // namespace pixnerd::store
