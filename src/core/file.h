// Whole files: mapped for reading, read with a limit, and written so that a reader sees the old content or the new
// one, never a part. Every failure is a DataError that names the path and the reason the system gives.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>

namespace pixnerd {

// A regular file mapped read-only; move-only; unmapped at the end of its life. The file must not be shortened while
// it is mapped: the system answers a read past its end with SIGBUS.
class MappedFile {
 public:
  static MappedFile open(const std::filesystem::path& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  const std::byte* data() const { return data_; }  // null when the file is empty

  // Gives back the memory of the pages that lie wholly in these bytes of a mapping; they are read again when touched.
  static void release(const std::byte* data, size_t size);
  size_t size() const { return size_; }

 private:
  MappedFile() = default;

  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// Replaces `path` by what `write` puts into the stream: written under a temporary name in the same folder, flushed,
// synced to the disk, renamed, and the folder synced. If anything fails up to the renaming, the old file stays as it
// was and the temporary file is removed; an exception of `write` passes through unless the disk was its cause.
// Keeps the permissions of the old file where the system lets it, follows a symbolic link, and refuses to replace
// anything but a regular file.
void write_file_atomically(const std::filesystem::path& path, const std::function<void(std::ostream&)>& write);

// The content of a file of at most max_bytes; a longer one is refused without being read to its end.
std::string read_file(const std::filesystem::path& path, size_t max_bytes);

}  // namespace pixnerd
