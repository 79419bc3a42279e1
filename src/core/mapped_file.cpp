#include "core/mapped_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <utility>

#include "core/descriptor.h"
#include "core/errors.h"
#include "core/text.h"

namespace pixnerd {

class MappedSource {
 public:
  MappedSource(std::filesystem::path path, Descriptor descriptor, const struct stat& status)
      : path_(std::move(path)), descriptor_(std::move(descriptor)), status_(status) {}

  const std::filesystem::path& path() const { return path_; }

  bool is_changed() const {
    struct stat now;
    if (damaged || ::fstat(descriptor_.get(), &now) != 0) return true;
    return now.st_size != status_.st_size || now.st_mtim.tv_sec != status_.st_mtim.tv_sec ||
           now.st_mtim.tv_nsec != status_.st_mtim.tv_nsec;
  }

  mutable std::atomic<bool> damaged{false};  // a page could not be read

 private:
  std::filesystem::path path_;
  Descriptor descriptor_;
  struct stat status_;
};

namespace {

// Where files are mapped, in a form that a signal handler can read at any moment. A place with begin 0 is free.
struct Place {
  std::atomic<uintptr_t> begin{0};
  std::atomic<size_t> size{0};
  std::atomic<const MappedSource*> source{nullptr};
};
constexpr size_t kMostMapped = 4096;
std::array<Place, kMostMapped> places;
static_assert(std::atomic<uintptr_t>::is_always_lock_free && std::atomic<const MappedSource*>::is_always_lock_free);

struct Mapped {
  std::shared_ptr<const MappedSource> source;
  uintptr_t begin;
};
std::mutex mutex;  // of `known` and of changes to `places`

// The owners of what `places` points to, for whoever is no signal handler.
std::vector<Mapped>& known() {
  static auto* const all = new std::vector<Mapped>;  // never destroyed: a mapping may outlive other statics
  return *all;
}

uintptr_t page_size() {
  static const auto size = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

Place* place_of(uintptr_t address) {
  for (Place& place : places) {
    const uintptr_t begin = place.begin.load(std::memory_order_acquire);
    if (begin != 0 && address >= begin && address - begin < place.size) return &place;
  }
  return nullptr;
}

// Zeros from the page of the address to the end of its mapping: of a file that was cut, all of that is gone.
bool replace_lost_pages(uintptr_t address) {
  const Place* const place = place_of(address);
  if (place == nullptr) return false;
  place->source.load()->damaged = true;
  const uintptr_t page = address / page_size() * page_size(), end = place->begin + place->size;
  void* const zeros = ::mmap(reinterpret_cast<void*>(page), end - page, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
  return zeros != MAP_FAILED;
}

struct sigaction earlier_action;

extern "C" void on_bus_error(int number, siginfo_t* info, void* context) {
  const int saved = errno;
  const bool is_fault = info->si_code > 0;  // not sent by a process
  const bool ours = is_fault && replace_lost_pages(reinterpret_cast<uintptr_t>(info->si_addr));
  errno = saved;
  if (ours) return;
  if ((earlier_action.sa_flags & SA_SIGINFO) != 0) return earlier_action.sa_sigaction(number, info, context);
  if (earlier_action.sa_handler != SIG_DFL && earlier_action.sa_handler != SIG_IGN)
    return earlier_action.sa_handler(number);
  ::signal(number, SIG_DFL);  // the instruction is done again, and ends the process as it would have
  if (!is_fault) ::raise(number);
}

void catch_bus_errors() {
  static std::once_flag once;
  std::call_once(once, [] {
    page_size();
    struct sigaction action {};
    action.sa_sigaction = on_bus_error;
    sigemptyset(&action.sa_mask);
    action.sa_flags = static_cast<int>(SA_SIGINFO | SA_ONSTACK);
    ::sigaction(SIGBUS, &action, &earlier_action);
  });
}

void add(const std::shared_ptr<const MappedSource>& source, const std::byte* data, size_t size) {
  const std::lock_guard lock(mutex);
  const auto free = std::find_if(places.begin(), places.end(), [](const Place& each) { return each.begin == 0; });
  if (free == places.end()) {
    throw DataError(concat("cannot map ", quoted(source->path()), ": more than ", kMostMapped, " files are in use"));
  }
  const auto begin = reinterpret_cast<uintptr_t>(data);
  known().push_back({source, begin});
  free->source = source.get();
  free->size = size;
  free->begin.store(begin, std::memory_order_release);
}

void remove(const std::byte* data) {
  const std::lock_guard lock(mutex);
  const auto begin = reinterpret_cast<uintptr_t>(data);
  for (Place& place : places) {
    if (place.begin == begin) place.begin = 0;
  }
  std::erase_if(known(), [&](const Mapped& each) { return each.begin == begin; });
}

// Writable, so that parameters of a network can be changed in place; where memory is promised to nobody beyond what
// there is (vm.overcommit_memory 2), a large file cannot be, and is mapped for reading alone.
void* map(int fd, size_t size) {
  void* const data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
  return data != MAP_FAILED ? data : ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
}

}  // namespace

MappedFile MappedFile::open(const std::filesystem::path& path) {
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status;
  if (!descriptor.ok() || ::fstat(descriptor.get(), &status) != 0) fail_file("open", path, errno);
  if (S_ISDIR(status.st_mode)) fail_file("open", path, EISDIR);
  if (!S_ISREG(status.st_mode)) throw DataError(concat("cannot open ", quoted(path), ": it is not a regular file"));

  MappedFile file;
  const auto size = static_cast<size_t>(status.st_size);
  const int fd = descriptor.get();
  file.source_ = std::make_shared<const MappedSource>(path, std::move(descriptor), status);
  if (size == 0) return file;
  catch_bus_errors();
  void* const data = map(fd, size);
  if (data == MAP_FAILED) fail_file("map", path, errno);
  file.data_ = static_cast<std::byte*>(data);
  file.size_ = size;
  add(file.source_, file.data_, size);
  return file;
}

void MappedFile::release(const std::byte* data, size_t size) {
  const auto page = static_cast<size_t>(page_size());
  const size_t before = (page - reinterpret_cast<uintptr_t>(data) % page) % page;  // up to the first whole page
  if (size < before + page) return;
  const size_t whole = (size - before) / page * page;
  ::madvise(const_cast<std::byte*>(data) + before, whole, MADV_DONTNEED);
}

bool MappedFile::is_changed() const {
  return source_ && source_->is_changed();
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      source_(std::move(other.source_)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  MappedFile taken(std::move(other));
  std::swap(data_, taken.data_);
  std::swap(size_, taken.size_);
  std::swap(source_, taken.source_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ == nullptr) return;
  remove(data_);
  ::munmap(data_, size_);
}

void MappedSources::add(const void* address) {
  const std::lock_guard lock(mutex);
  const Place* const place = place_of(reinterpret_cast<uintptr_t>(address));
  if (place == nullptr) return;
  const auto found =
      std::find_if(known().begin(), known().end(), [&](const Mapped& each) { return each.begin == place->begin; });
  const bool is_new = std::none_of(sources_.begin(), sources_.end(),
                                   [&](const auto& each) { return each.get() == found->source.get(); });
  if (is_new) sources_.push_back(found->source);
}

std::optional<std::filesystem::path> MappedSources::changed() const {
  for (const auto& source : sources_) {
    if (source->is_changed()) return source->path();
  }
  return std::nullopt;
}

}  // namespace pixnerd
