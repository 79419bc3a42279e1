#include "core/append_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd {
namespace {

[[noreturn]] void fail(const char* verb, const std::filesystem::path& path, int error) {
  throw DataError(
      concat("cannot ", verb, " '", printable(path.string(), 300), "': ", std::generic_category().message(error)));
}

// 0, or the error that stopped it. A disk that fills up takes a part first and refuses the rest.
int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count < 0 ? errno : EIO;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return 0;
}

}  // namespace

AppendFile::AppendFile(const std::filesystem::path& path)
    : path_(path), descriptor_(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) fail("open", path_, errno);
}

AppendFile::~AppendFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

AppendFile::AppendFile(AppendFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

void AppendFile::append(std::string_view record) {
  struct stat before;
  if (::fstat(descriptor_, &before) != 0) fail("write", path_, errno);
  const int error = write_all(descriptor_, record);
  if (error == 0) return;
  // Where this fails too, the next reader meets half a record at the end, as after a crash.
  if (::ftruncate(descriptor_, before.st_size) != 0) fail("write", path_, error);
  fail("write", path_, error);
}

}  // namespace pixnerd
