#include "core/growing_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/sync_folder.h"

namespace pixnerd {

GrowingFile::GrowingFile(const std::filesystem::path& path)
    : path_(path), descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (!descriptor_.ok()) fail_file("open", path_, errno);
}

void GrowingFile::write(uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(descriptor_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail_file("write", path_, count < 0 ? errno : ENOSPC);
    bytes = bytes.subspan(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
}

bool GrowingFile::read(uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = ::pread(descriptor_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_file("read", path_, errno);
    if (count == 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
  return true;
}

void GrowingFile::sync() {
  if (::fdatasync(descriptor_.get()) != 0) fail_file("write", path_, errno);
}

void GrowingFile::commit(const std::filesystem::path& target, uint64_t bytes) {
  const int descriptor = descriptor_.get();
  struct stat old;
  if (::stat(target.c_str(), &old) == 0) ::fchmod(descriptor, old.st_mode & 07777);  // else the file keeps its own
  if (::ftruncate(descriptor, static_cast<off_t>(bytes)) != 0 || ::fsync(descriptor) != 0) {
    fail_file("write", path_, errno);
  }
  if (::rename(path_.c_str(), target.c_str()) != 0) fail_file("write", target, errno);
  sync_folder_of(target);
}

}  // namespace pixnerd
