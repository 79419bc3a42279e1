#include "core/append_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace pixnerd {
AppendFile::AppendFile(const std::filesystem::path& path)
    : path_(path), descriptor_(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666)) {
  if (!descriptor_.ok()) fail_file("open", path_, errno);
}

void AppendFile::append(std::string_view record) {
  struct stat before;
  if (::fstat(descriptor_.get(), &before) != 0) fail_file("write", path_, errno);
  const int error = write_all(descriptor_.get(), record);
  if (error == 0) return;
  // Where this fails too, the next reader meets half a record at the end, as after a crash.
  if (::ftruncate(descriptor_.get(), before.st_size) != 0) fail_file("write", path_, error);
  fail_file("write", path_, error);
}

}  // namespace pixnerd
