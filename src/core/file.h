// Whole files: read with a limit, and written so that a reader sees the old content or the new one, never a part. Every
// failure is a DataError that names the path and the reason the system gives.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

namespace pixnerd {

// A file that appears whole at `path` or not at all: written under a temporary name in the same folder, and on commit()
// flushed, synced to the disk, renamed, and the folder synced. Without a commit, or if that fails before the renaming,
// what was at the path stays as it was and the temporary file is removed. Keeps the permissions of the old file where
// the system lets it, follows a symbolic link, and refuses to replace anything but a regular file.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  std::ostream& stream();  // can seek

  // Throws if the disk has refused anything written so far. What the stream still holds back is not known yet.
  void check() const;

  void commit();

 private:
  struct Open;
  std::unique_ptr<Open> open_;
};

// Replaces `path` by what `write` puts into the stream, as an AtomicFile. An exception of `write` passes through unless
// the disk was its cause.
void write_file_atomically(const std::filesystem::path& path, const std::function<void(std::ostream&)>& write);

// The content of a file of at most max_bytes; a longer one is refused without being read to its end.
std::string read_file(const std::filesystem::path& path, size_t max_bytes);

}  // namespace pixnerd
