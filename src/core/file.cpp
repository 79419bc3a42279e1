#include "core/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <optional>
#include <ostream>
#include <streambuf>
#include <system_error>
#include <utility>
#include <vector>

#include "core/errors.h"
#include "core/text.h"
#include "core/uncommitted_file.h"

namespace pixnerd {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const char* verb, const fs::path& path, int error) {
  throw DataError(
      concat("cannot ", verb, " '", printable(path.string(), 300), "': ", std::generic_category().message(error)));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  bool ok() const { return fd_ >= 0; }
  int get() const { return fd_; }
  int close() { return fd_ >= 0 ? ::close(std::exchange(fd_, -1)) : 0; }

 private:
  int fd_;
};

// A stream buffer over a descriptor that remembers why a write failed, which std::ofstream does not.
class DescriptorBuffer : public std::streambuf {
 public:
  explicit DescriptorBuffer(int fd) : fd_(fd), buffer_(1 << 18) { reset(); }

  int error() const { return error_; }  // errno of the first failure, or 0

 protected:
  int_type overflow(int_type c) override {
    if (!drain()) return traits_type::eof();
    if (!traits_type::eq_int_type(c, traits_type::eof())) sputc(traits_type::to_char_type(c));
    return traits_type::not_eof(c);
  }

  int sync() override { return drain() ? 0 : -1; }

  // Large blocks, such as tensors, go past the buffer.
  std::streamsize xsputn(const char* data, std::streamsize size) override {
    if (size < epptr() - pptr()) return std::streambuf::xsputn(data, size);
    return drain() && write_all(data, static_cast<size_t>(size)) ? size : 0;
  }

  pos_type seekoff(off_type offset, std::ios_base::seekdir from, std::ios_base::openmode) override {
    if (offset == 0 && from == std::ios_base::cur) return position_ + (pptr() - pbase());
    if (!drain()) return off_type(-1);
    const int whence = from == std::ios_base::beg ? SEEK_SET : from == std::ios_base::cur ? SEEK_CUR : SEEK_END;
    const off_t position = ::lseek(fd_, offset, whence);
    if (position >= 0) position_ = position;
    return position;
  }

  pos_type seekpos(pos_type position, std::ios_base::openmode mode) override {
    return seekoff(position, std::ios_base::beg, mode);
  }

 private:
  void reset() { setp(buffer_.data(), buffer_.data() + buffer_.size()); }

  bool drain() {
    const bool good = write_all(pbase(), static_cast<size_t>(pptr() - pbase()));
    reset();
    return good;
  }

  bool write_all(const char* data, size_t size) {
    while (error_ == 0 && size > 0) {
      const ssize_t count = ::write(fd_, data, size);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) {
        error_ = count < 0 ? errno : EIO;
        break;
      }
      data += count;
      size -= static_cast<size_t>(count);
      position_ += count;
    }
    return error_ == 0;
  }

  int fd_;
  int error_ = 0;
  off_type position_ = 0;  // in the file, of what is drained
  std::vector<char> buffer_;
};

// A new file beside the one it is to replace; removed unless it was renamed.
class TemporaryFile {
 public:
  // `mode` as for open(2). Throws DataError in the name of `target`.
  TemporaryFile(const fs::path& target, mode_t mode) : descriptor_(create(target, mode, path_)) {}
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  int get() const { return descriptor_.get(); }

  void rename_to(const fs::path& target) {
    if (descriptor_.close() != 0) fail("write", target, errno);
    if (::rename(path_.c_str(), target.c_str()) != 0) fail("write", target, errno);
    path_.clear();
  }

 private:
  static int create(const fs::path& target, mode_t mode, fs::path& path) {
    static std::atomic<unsigned> count{0};
    for (int attempt = 0; attempt < 1000; ++attempt) {
      const fs::path candidate = target.parent_path() / uncommitted_name(::getpid(), count++);
      const int fd = ::open(candidate.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
      if (fd >= 0) {
        path = candidate;
        return fd;
      }
      if (errno != EEXIST) fail("write", target, errno);
    }
    fail("write", target, EEXIST);
  }

  fs::path path_;
  Descriptor descriptor_;
};

// Some file systems cannot sync a folder; there the renaming is as durable as it gets.
void sync_folder(const fs::path& target) {
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.ok()) return;
  if (::fsync(descriptor.get()) != 0 && errno != EINVAL && errno != ENOTSUP) fail("sync the folder of", target, errno);
}

}  // namespace

MappedFile MappedFile::open(const fs::path& path) {
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status;
  if (!descriptor.ok() || ::fstat(descriptor.get(), &status) != 0) fail("open", path, errno);
  if (S_ISDIR(status.st_mode)) fail("open", path, EISDIR);
  if (!S_ISREG(status.st_mode)) throw DataError(concat("cannot open '", path, "': it is not a regular file"));

  MappedFile file;
  if (status.st_size == 0) return file;
  const auto size = static_cast<size_t>(status.st_size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor.get(), 0);
  if (data == MAP_FAILED) fail("map", path, errno);
  file.data_ = static_cast<const std::byte*>(data);
  file.size_ = size;
  return file;
}

void MappedFile::release(const std::byte* data, size_t size) {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t before = (page - reinterpret_cast<uintptr_t>(data) % page) % page;  // up to the first whole page
  if (size < before + page) return;
  const size_t whole = (size - before) / page * page;
  ::madvise(const_cast<std::byte*>(data) + before, whole, MADV_DONTNEED);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  MappedFile taken(std::move(other));
  std::swap(data_, taken.data_);
  std::swap(size_, taken.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}

struct AtomicFile::Open {
  Open(fs::path resolved, std::optional<mode_t> old)
      : target(std::move(resolved)),
        old_mode(old),
        temporary(target, old ? 0600 : 0666),
        buffer(temporary.get()),
        stream(&buffer) {}

  fs::path target;  // behind a symbolic link
  std::optional<mode_t> old_mode;
  TemporaryFile temporary;
  DescriptorBuffer buffer;
  std::ostream stream;
};

AtomicFile::AtomicFile(const fs::path& path) {
  std::error_code error;
  fs::path target = fs::is_symlink(path, error) ? fs::weakly_canonical(path, error) : path;
  if (target.empty()) fail("write", path, error ? error.value() : ENOENT);
  struct stat old;
  const bool replaces = ::stat(target.c_str(), &old) == 0;
  if (replaces && !S_ISREG(old.st_mode)) {
    throw DataError(concat("cannot write '", path, "': something that is not a regular file has that name"));
  }
  open_ =
      std::make_unique<Open>(std::move(target), replaces ? std::optional<mode_t>(old.st_mode & 07777) : std::nullopt);
}

AtomicFile::~AtomicFile() = default;

std::ostream& AtomicFile::stream() {
  return open_->stream;
}

void AtomicFile::check() const {
  if (open_->buffer.error() != 0) fail("write", open_->target, open_->buffer.error());
}

void AtomicFile::commit() {
  open_->stream.flush();
  check();
  if (!open_->stream) throw DataError(concat("cannot write '", open_->target, "': the writer gave up"));
  const int descriptor = open_->temporary.get();
  if (open_->old_mode) ::fchmod(descriptor, *open_->old_mode);  // where it fails, the file stays its owner's alone
  if (::fsync(descriptor) != 0) fail("write", open_->target, errno);
  open_->temporary.rename_to(open_->target);
  sync_folder(open_->target);
}

void write_file_atomically(const fs::path& path, const std::function<void(std::ostream&)>& write) {
  AtomicFile file(path);
  try {
    write(file.stream());
  } catch (...) {
    file.check();
    throw;
  }
  file.commit();
}

std::string read_file(const fs::path& path, size_t max_bytes) {
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor.ok()) fail("open", path, errno);
  std::string content;
  std::vector<char> block(1 << 16);
  while (true) {
    const ssize_t count = ::read(descriptor.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read", path, errno);
    if (count == 0) return content;
    if (static_cast<size_t>(count) > max_bytes - content.size()) {
      throw DataError(concat("cannot read '", path, "': it is larger than ", human_bytes(max_bytes)));
    }
    content.append(block.data(), static_cast<size_t>(count));
  }
}

}  // namespace pixnerd
