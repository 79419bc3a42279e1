#include "core/destination.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <system_error>

#include "core/errors.h"
#include "core/hash.h"
#include "core/text.h"

namespace pixnerd {
namespace {

namespace fs = std::filesystem;

std::optional<struct stat> status_of(const fs::path& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

fs::path folder_of(const fs::path& path) {
  return path.parent_path().empty() ? fs::path(".") : path.parent_path();
}

// Behind a symbolic link, which AtomicFile follows, even if it leads to nothing yet.
fs::path target_of(const fs::path& path) {
  std::error_code error;
  return fs::is_symlink(path, error) ? fs::weakly_canonical(path, error) : path;
}

void require_writable(const fs::path& folder) {
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return;
  throw DataError(concat("cannot write into ", quoted(folder), ": ", std::strerror(errno)));
}

bool checked(const fs::path& path, bool overwrite, const InputFiles& inputs) {
  const bool is_there = prepare_file(path);
  require_not_read(path, inputs);
  if (is_there && !overwrite) {
    throw RequestError(concat(quoted(path), " is there already; give another name, or --overwrite to replace it"));
  }
  return is_there;
}

// The same for every way to a path: its folder, which is there, as the system knows it, and the name in it.
std::string key_of(const fs::path& path) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(fs::absolute(path, error), error);
  const auto folder = status_of(whole.parent_path());
  const std::string place = folder ? concat(folder->st_dev, ":", folder->st_ino, ":") : "";
  return concat("pixnerd output ", hexadecimal(hash_of(place + whole.filename().string())));
}

}  // namespace

void InputFiles::add(const fs::path& path) {
  if (path.empty()) return;
  names_.push_back(path.string());
  add_below(path, names_.size() - 1);
}

void InputFiles::add_below(const fs::path& path, size_t input) {
  const auto status = status_of(path);
  // A folder that was seen is not entered again: links may lead round in a circle.
  if (!status || !inputs_.emplace(Identity{status->st_dev, status->st_ino}, input).second) return;
  if (!S_ISDIR(status->st_mode)) return;
  std::error_code error;
  for (fs::directory_iterator each(path, error), end; !error && each != end; each.increment(error)) {
    add_below(each->path(), input);
  }
}

std::string InputFiles::at(const fs::path& path) const {
  const auto status = status_of(path);
  if (!status) return "";
  const auto found = inputs_.find(Identity{status->st_dev, status->st_ino});
  return found == inputs_.end() ? "" : names_[found->second];
}

void require_not_read(const fs::path& path, const InputFiles& inputs) {
  const std::string input = inputs.at(path);
  if (input.empty()) return;
  throw RequestError(concat(quoted(path), " would replace what is read, ", quoted(input), "; give another name"));
}

// A socket without a file of its own: the system forgets the name when the process ends, however it ends.
OutputLock::OutputLock(const fs::path& path) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (socket_ < 0) return;  // a system without them: the path is the user's to guard
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string key = key_of(path);
  const size_t length = std::min(key.size(), sizeof(address.sun_path) - 1);
  std::memcpy(address.sun_path + 1, key.data(), length);  // after a zero, which says that it is no file's name
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
  if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) == 0 || errno != EADDRINUSE) return;
  ::close(std::exchange(socket_, -1));
  throw RequestError(concat("another process is writing to ", quoted(path), "; wait for it, or give another name"));
}

OutputLock::OutputLock(OutputLock&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}

OutputLock::~OutputLock() {
  if (socket_ >= 0) ::close(socket_);
}

Destination::Destination(const fs::path& path, bool overwrite, const InputFiles& inputs)
    : replaces_(checked(path, overwrite, inputs)), lock_(path) {}

bool prepare_file(const fs::path& path) {
  if (path.empty()) throw RequestError("the path of the output is empty");
  prepare_folder(folder_of(path));
  const fs::file_type type = type_at(path);
  if (type != fs::file_type::not_found && type != fs::file_type::regular) {
    throw RequestError(concat(quoted(path), " is in the way: it is ",
                              type == fs::file_type::directory ? "a folder" : "no file", "; give another name"));
  }
  require_writable(folder_of(target_of(path)));
  return type == fs::file_type::regular;
}

void prepare_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw DataError(concat("cannot make the folder ", quoted(folder), ": ", error.message()));
  require_writable(folder);
}

fs::file_type type_at(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::none) {
    throw DataError(concat("cannot look at ", quoted(path), ": ", error.message()));
  }
  return status.type();
}

bool lies_in(const fs::path& path, const fs::path& folder) {
  std::error_code error;
  const fs::path outer = fs::canonical(folder, error);
  if (error) return false;
  const fs::path inner = fs::weakly_canonical(fs::absolute(path, error), error);
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

std::optional<uint64_t> free_disk_bytes(const fs::path& path) {
  std::error_code error;
  const fs::space_info space = fs::space(path, error);
  return error ? std::nullopt : std::optional<uint64_t>(space.available);
}

void require_space(const fs::path& path, uint64_t bytes, uint64_t files) {
  fs::path place = path;
  while (!place.empty() && !status_of(place) && place.has_relative_path()) place = place.parent_path();
  if (place.empty()) place = ".";
  struct statvfs disk;
  if (::statvfs(place.c_str(), &disk) != 0) return;  // the writing itself will say
  const uint64_t free = uint64_t{disk.f_bavail} * disk.f_frsize;
  const uint64_t least = std::max(bytes, files * uint64_t{disk.f_frsize});
  if (least > free) {
    throw DataError(concat("the disk of ", quoted(path), " has ", human_bytes(free), " left, and ", human_bytes(least),
                           " are to be written; make room, or write to another disk"));
  }
  if (disk.f_files > 0 && files > disk.f_favail) {  // some file systems do not count them
    throw DataError(concat("the disk of ", quoted(path), " has room for ", disk.f_favail, " more files, and ", files,
                           " are to be written; make room, or write to another disk"));
  }
}

}  // namespace pixnerd
