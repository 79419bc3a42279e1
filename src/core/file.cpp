#include "core/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <ostream>
#include <streambuf>
#include <string_view>
#include <system_error>
#include <vector>

#include "core/descriptor.h"
#include "core/errors.h"
#include "core/sync_folder.h"
#include "core/text.h"
#include "core/uncommitted_file.h"

namespace pixnerd {
namespace {

namespace fs = std::filesystem;

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
    return drain() && put({data, static_cast<size_t>(size)}) ? size : 0;
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
    const bool good = put({pbase(), static_cast<size_t>(pptr() - pbase())});
    reset();
    return good;
  }

  bool put(std::string_view bytes) {
    if (error_ == 0) error_ = write_all(fd_, bytes);
    if (error_ == 0) position_ += static_cast<off_type>(bytes.size());
    return error_ == 0;
  }

  int fd_;
  int error_ = 0;
  off_type position_ = 0;  // in the file, of what is drained
  std::vector<char> buffer_;
};

}  // namespace

struct AtomicFile::Open {
  Open(fs::path resolved, std::optional<mode_t> old)
      : target(std::move(resolved)),
        old_mode(old),
        temporary(target, old ? 0600 : 0666),
        buffer(temporary.get()),
        stream(&buffer) {}

  fs::path target;  // behind a symbolic link
  std::optional<mode_t> old_mode;
  UncommittedFile temporary;
  DescriptorBuffer buffer;
  std::ostream stream;
};

AtomicFile::AtomicFile(const fs::path& path) {
  std::error_code error;
  fs::path target = fs::is_symlink(path, error) ? fs::weakly_canonical(path, error) : path;
  if (target.empty()) fail_file("write", path, error ? error.value() : ENOENT);
  struct stat old;
  const bool replaces = ::stat(target.c_str(), &old) == 0;
  if (replaces && !S_ISREG(old.st_mode)) {
    throw DataError(concat("cannot write ", quoted(path), ": something that is not a regular file has that name"));
  }
  open_ =
      std::make_unique<Open>(std::move(target), replaces ? std::optional<mode_t>(old.st_mode & 07777) : std::nullopt);
}

AtomicFile::~AtomicFile() = default;

std::ostream& AtomicFile::stream() {
  return open_->stream;
}

void AtomicFile::check() const {
  if (open_->buffer.error() != 0) fail_file("write", open_->target, open_->buffer.error());
}

void AtomicFile::commit() {
  open_->stream.flush();
  check();
  if (!open_->stream) throw DataError(concat("cannot write ", quoted(open_->target), ": the writer gave up"));
  const int descriptor = open_->temporary.get();
  if (open_->old_mode) ::fchmod(descriptor, *open_->old_mode);  // where it fails, the file stays its owner's alone
  if (::fsync(descriptor) != 0) fail_file("write", open_->target, errno);
  open_->temporary.rename_to(open_->target);
  sync_folder_of(open_->target);
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
  if (!descriptor.ok()) fail_file("open", path, errno);
  std::string content;
  std::vector<char> block(1 << 16);
  while (true) {
    const ssize_t count = ::read(descriptor.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_file("read", path, errno);
    if (count == 0) return content;
    if (static_cast<size_t>(count) > max_bytes - content.size()) {
      throw DataError(concat("cannot read ", quoted(path), ": it is larger than ", human_bytes(max_bytes)));
    }
    content.append(block.data(), static_cast<size_t>(count));
  }
}

}  // namespace pixnerd
