#include "core/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd {

std::optional<FileLock> FileLock::if_free(const std::filesystem::path& path) {
  Descriptor descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!descriptor.ok()) fail_file("open", path, errno);
  // Some network file systems know no locks; there the folder is the user's to guard.
  if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return std::nullopt;
  return FileLock(std::move(descriptor));
}

FileLock::FileLock(const std::filesystem::path& path, const char* mend) {
  std::optional<FileLock> held = if_free(path);
  if (!held) throw DataError(concat("file ", quoted(path), " is held by another process; ", mend));
  *this = std::move(*held);
}

}  // namespace pixnerd
