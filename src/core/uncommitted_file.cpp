#include "core/uncommitted_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <mutex>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "core/text.h"

namespace pixnerd {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBegin = ".pixnerd-", kEnd = ".partial";

// A file of this process. Whoever takes it out of the list owns it: the file's own object, or the signal handler.
struct Listed {
  std::string path;
  pid_t process;
  std::atomic<bool> is_made = false;  // the file is there, and is this process's
};
constexpr size_t kMostListed = 256;  // more at once are written all the same, but stay where a signal ends the process
std::array<std::atomic<Listed*>, kMostListed> listed_files;
static_assert(std::atomic<Listed*>::is_always_lock_free);

Listed* list(const fs::path& path) {
  auto* const added = new Listed{path.string(), ::getpid(), false};
  for (auto& place : listed_files) {
    Listed* free = nullptr;
    if (place.compare_exchange_strong(free, added)) return added;
  }
  delete added;
  return nullptr;
}

bool take(Listed* listed) {
  for (auto& place : listed_files) {
    Listed* expected = listed;
    if (place.compare_exchange_strong(expected, nullptr)) return true;
  }
  return false;
}

// No signal that ends the process interrupts this thread meanwhile.
class UninterruptedScope {
 public:
  UninterruptedScope() {
    sigset_t ending;
    ::sigemptyset(&ending);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&ending, number);
    ::pthread_sigmask(SIG_BLOCK, &ending, &before_);
  }
  ~UninterruptedScope() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  UninterruptedScope(const UninterruptedScope&) = delete;
  UninterruptedScope& operator=(const UninterruptedScope&) = delete;

 private:
  sigset_t before_;
};

// In the handler of a signal, while another thread may be making the file, which takes it a moment.
void wait_until_made(const Listed& listed) {
  constexpr timespec kMoment{0, 1'000'000};
  for (int i = 0; i < 100 && !listed.is_made; ++i) ::nanosleep(&kMoment, nullptr);
}

// The process in such a name; 0 if there is none.
pid_t process_in(const std::string& name) {
  pid_t process = 0;
  const auto [end, error] = std::from_chars(name.data() + kBegin.size(), name.data() + name.size(), process);
  return error == std::errc() && *end == '-' && process > 0 ? process : 0;
}

// Removes the file while it holds its lock, so that whoever has just made it and waits for the lock makes another.
void remove_if_abandoned(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status;
  if (!file.ok() || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return;
    const pid_t process = process_in(path.filename().string());
    if (process == 0 || ::kill(process, 0) == 0 || errno != ESRCH) return;
  }
  ::unlink(path.c_str());
}

// Once for each folder: a run may write a hundred thousand files into it.
void clean_once(const fs::path& folder) {
  static std::mutex mutex;
  static std::set<fs::path> cleaned;
  const std::lock_guard lock(mutex);
  if (cleaned.insert(folder).second) remove_abandoned_files(folder);
}

}  // namespace

std::string uncommitted_name(pid_t process, unsigned number) {
  return concat(kBegin, process, "-", number, kEnd);
}

bool is_uncommitted(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with(kBegin) && name.ends_with(kEnd);
}

void remove_abandoned_files(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::directory_iterator each(folder, error), end; !error && each != end; each.increment(error)) {
    if (is_uncommitted(each->path())) found.push_back(each->path());
  }
  for (const fs::path& each : found) remove_if_abandoned(each);
}

UncommittedFile::UncommittedFile(const fs::path& target, mode_t mode) {
  static std::atomic<unsigned> count{0};
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  clean_once(folder);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const fs::path candidate = target.parent_path() / uncommitted_name(::getpid(), count++);
    // In the list before it is there: a signal in between would leave it behind.
    const UninterruptedScope uninterrupted;
    Listed* const listed = list(candidate);
    Descriptor made(::open(candidate.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    const int error = made.ok() ? 0 : errno;
    listed_ = listed;
    if (error != 0) forget();
    if (error == EEXIST) continue;
    if (error != 0) fail_file("write", target, error);
    if (listed != nullptr) listed->is_made = true;
    // Before the lock was there, another process may have taken the file for one that was given up.
    struct stat status;
    while (::flock(made.get(), LOCK_EX) != 0 && errno == EINTR) {
    }
    if (::fstat(made.get(), &status) == 0 && status.st_nlink == 0) {
      forget();
      continue;
    }
    path_ = candidate;
    descriptor_ = std::move(made);
    return;
  }
  fail_file("write", target, EEXIST);
}

UncommittedFile::~UncommittedFile() {
  if (path_.empty()) return;
  ::unlink(path_.c_str());
  forget();
}

void UncommittedFile::rename_to(const fs::path& target) {
  if (::rename(path_.c_str(), target.c_str()) != 0) fail_file("write", target, errno);
  forget();
  path_.clear();
  descriptor_ = Descriptor();
}

void UncommittedFile::forget() {
  auto* const listed = static_cast<Listed*>(listed_);
  if (listed != nullptr && take(listed)) delete listed;
  listed_ = nullptr;
}

void remove_uncommitted_files() {
  const pid_t self = ::getpid();
  for (auto& place : listed_files) {
    const Listed* const listed = place.exchange(nullptr);
    if (listed == nullptr || listed->process != self) continue;
    wait_until_made(*listed);
    if (listed->is_made) ::unlink(listed->path.c_str());
  }
}

}  // namespace pixnerd
