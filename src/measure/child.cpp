#include "measure/child.h"

#include <c10/util/Exception.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iterator>

#include "core/descriptor.h"
#include "core/errors.h"
#include "core/failure.h"
#include "core/text.h"

namespace pixnerd::measure {
namespace {

int64_t count_threads() {
  using Entries = std::filesystem::directory_iterator;
  return std::distance(Entries("/proc/self/task"), Entries());
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> block{};
  while (true) {
    const ssize_t count = ::read(fd, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(block.data(), static_cast<size_t>(count));
  }
}

[[noreturn]] void be_child(int fd, const std::function<std::string()>& work) {
  int code = 0;
  std::string text;
  try {
    text = work();
  } catch (const std::exception& error) {
    code = 1;
    text = message_of(error);
  }
  write_all(fd, text);
  ::_exit(code);
}

}  // namespace

std::string in_child(const std::function<std::string()>& work) {
  TORCH_CHECK(count_threads() == 1, "in_child() was called by a process of ", count_threads(), " threads");
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw DataError(concat("cannot make a pipe: ", std::strerror(errno)));
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // nobody wants its figures then
    ::close(ends[0]);
    be_child(ends[1], work);
  }
  const int reason = errno;
  ::close(ends[1]);
  const std::string text = child > 0 ? read_all(ends[0]) : "";
  ::close(ends[0]);
  if (child < 0) throw DataError(concat("cannot start a process: ", std::strerror(reason)));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    throw DataError(concat("the measurement was ended by signal ", number,
                           number == SIGKILL ? ": the system may lack memory for it" : ""));
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw DataError(text);
  return text;
}

}  // namespace pixnerd::measure
