#include "core/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd {

FileLock::FileLock(const std::filesystem::path& path, const char* mend)
    : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (!descriptor_.ok()) fail_file("open", path, errno);
  if (::flock(descriptor_.get(), LOCK_EX | LOCK_NB) == 0) return;
  // Some network file systems know no locks; there the folder is the user's to guard.
  if (errno != EWOULDBLOCK) return;
  throw DataError(concat("file ", quoted(path), " is held by another process; ", mend));
}

}  // namespace pixnerd
