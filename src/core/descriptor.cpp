#include "core/descriptor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd {
namespace {

// Reads a byte of each page, so that the process learns of missing ones itself.
void touch_pages(std::string_view bytes) {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const volatile char* const data = bytes.data();
  for (size_t i = 0; i < bytes.size(); i += page) static_cast<void>(data[i]);
  static_cast<void>(data[bytes.size() - 1]);
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

int write_all(int fd, std::string_view bytes) {
  bool touched = false;
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EFAULT && !std::exchange(touched, true)) {
      touch_pages(bytes);
      continue;
    }
    if (count <= 0) return count < 0 ? errno : EIO;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return 0;
}

void fail_file(std::string_view verb, const std::filesystem::path& path, int error) {
  throw DataError(concat("cannot ", verb, " ", quoted(path), ": ", std::generic_category().message(error)));
}

void open_standard_streams() {
  constexpr std::array<int, 3> kModes{O_WRONLY, O_RDONLY, O_RDWR};
  for (int fd = 0; fd < 3; ++fd) {
    // The lowest free number is taken, which is this one, as those below are open by now.
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) ::open("/dev/null", kModes.at(static_cast<size_t>(fd)));
  }
}

bool is_reader_gone(int fd) {
  struct stat status;
  if (::fstat(fd, &status) != 0 || !(S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode))) return false;
  pollfd stream{fd, POLLOUT, 0};
  return ::poll(&stream, 1, 0) == 1 && (stream.revents & (POLLERR | POLLHUP)) != 0;
}

}  // namespace pixnerd
