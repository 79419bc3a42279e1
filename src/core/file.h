// Whole files: mapped for reading, read with a limit, and written so that a reader sees the old content or the new
// one, never a part. Every failure is a DataError that names the path and the reason the system gives.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
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
