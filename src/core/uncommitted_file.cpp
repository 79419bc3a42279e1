#include "core/uncommitted_file.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string_view>

#include "core/text.h"

namespace pixnerd {
namespace {

constexpr std::string_view kBegin = ".pixnerd-", kEnd = ".partial";

}  // namespace

std::string uncommitted_name(pid_t process, unsigned number) {
  return concat(kBegin, process, "-", number, kEnd);
}

bool is_uncommitted(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with(kBegin) && name.ends_with(kEnd);
}

bool is_abandoned(const std::filesystem::path& path) {
  if (!is_uncommitted(path)) return false;
  const std::string name = path.filename().string();
  pid_t process = 0;
  const auto [end, error] = std::from_chars(name.data() + kBegin.size(), name.data() + name.size(), process);
  const bool is_other = error == std::errc() && *end == '-' && process > 0 && process != ::getpid();
  return !is_other || (::kill(process, 0) != 0 && errno == ESRCH);
}

}  // namespace pixnerd
