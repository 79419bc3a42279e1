#include "data/tar_file.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <initializer_list>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/text.h"

namespace pixnerd::data {
namespace {

constexpr int64_t kBlock = 512;          // what a tar file is made of
constexpr size_t kReadAtOnce = 1 << 12;  // headers are read, contents passed over

[[noreturn]] void fail_to(const char* verb, const std::filesystem::path& path, int error) {
  throw DataError(concat("cannot ", verb, " ", quoted(path), ": ", std::generic_category().message(error)));
}

// The compression of a file that begins so, as people call it; null for none that is known.
const char* compression(std::string_view begin) {
  static constexpr std::array<std::pair<std::string_view, const char*>, 5> kKnown = {{
      {"\x1f\x8b", "gzip"},
      {"BZh", "bzip2"},
      {"\xfd"
       "7zXZ",
       "xz"},
      {"\x28\xb5\x2f\xfd", "zstd"},
      {"PK\x03\x04", "zip"},
  }};
  for (const auto& [magic, name] : kKnown) {
    if (begin.starts_with(magic)) return name;
  }
  return nullptr;
}

// The first that there is.
std::string first_of(std::initializer_list<const char*> texts) {
  for (const char* const text : texts) {
    if (text != nullptr) return text;
  }
  return "";
}

// The path as the file has it: libarchive translates what it knows to be UTF-8 if the locale can hold it.
std::string path_of(archive_entry* entry) {
  return first_of({archive_entry_pathname(entry), archive_entry_pathname_utf8(entry)});
}

TarEntry::Kind kind_of(archive_entry* entry) {
  using Kind = TarEntry::Kind;
  if (archive_entry_hardlink(entry) != nullptr || archive_entry_hardlink_utf8(entry) != nullptr) return Kind::hard_link;
  if (archive_entry_symlink(entry) != nullptr || archive_entry_filetype(entry) == AE_IFLNK) return Kind::soft_link;
  if (archive_entry_filetype(entry) != AE_IFREG) return Kind::other;
  return archive_entry_sparse_count(entry) == 0 ? Kind::file : Kind::sparse;
}

}  // namespace

TarFile::TarFile(const std::filesystem::path& path)
    // Without O_NONBLOCK, opening a pipe would wait for its writer.
    : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  struct stat status {};
  const int error = fd_ < 0 || ::fstat(fd_, &status) != 0 ? errno : S_ISREG(status.st_mode) ? 0 : EINVAL;
  size_ = status.st_size;
  if (error == 0) return;
  if (fd_ >= 0) ::close(fd_);
  fail_to("open", path, error);
}

TarFile::~TarFile() {
  ::close(fd_);
}

std::string TarFile::read(int64_t offset, int64_t size) const {
  std::string bytes;
  if (size <= size_) bytes.resize(static_cast<size_t>(size));
  const int64_t count = read_some(offset, bytes.data(), static_cast<int64_t>(bytes.size()));
  if (count < 0) fail_to("read", path_, errno);
  if (count < size) {
    throw DataError(concat("cannot read ", quoted(path_), ": it ends before byte ", offset + size,
                           "; it has changed since it was opened"));
  }
  return bytes;
}

int64_t TarFile::read_some(int64_t offset, char* buffer, int64_t size) const noexcept {
  int64_t done = 0;
  while (done < size) {
    const ssize_t count = ::pread(fd_, buffer + done, static_cast<size_t>(size - done), offset + done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) break;
    done += count;
  }
  return done;
}

// What libarchive reads from: no exception may pass through its C.
struct TarReader::Source {
  const TarFile& file;
  int64_t position = 0;
  int error = 0;  // errno of a read that failed
  std::array<char, kReadAtOnce> buffer{};

  static la_ssize_t read(archive* handle, void* self, const void** bytes) {
    auto& source = *static_cast<Source*>(self);
    const int64_t count = source.file.read_some(source.position, source.buffer.data(), kReadAtOnce);
    if (count < 0) {
      source.error = errno;
      archive_set_error(handle, source.error, "%s", "reading failed");
      return -1;
    }
    source.position += count;
    *bytes = source.buffer.data();
    return static_cast<la_ssize_t>(count);
  }

  // Never past the end, so that libarchive notices what is missing there.
  static la_int64_t skip(archive*, void* self, la_int64_t request) {
    auto& source = *static_cast<Source*>(self);
    const int64_t left = std::max<int64_t>(source.file.size() - source.position, 0);
    const int64_t step = std::min<int64_t>(request, left);
    source.position += step;
    return step;
  }
};

TarReader::TarReader(const TarFile& file) : file_(file), source_(new Source{file}), archive_(archive_read_new()) {
  if (archive_ == nullptr) throw std::bad_alloc();
  // No filter is enabled: a shard is read at any place, which a compressed one does not allow.
  archive_read_support_format_tar(archive_);
  archive_read_set_format_option(archive_, "tar", "read_concatenated_archives", "1");
  if (archive_read_open2(archive_, source_.get(), nullptr, Source::read, Source::skip, nullptr) == ARCHIVE_OK) return;
  const std::unique_ptr<archive, int (*)(archive*)> owned(archive_, archive_read_free);
  refuse();
}

TarReader::~TarReader() {
  archive_read_free(archive_);
}

std::optional<TarEntry> TarReader::next() {
  archive_entry* header = nullptr;
  const int status = archive_read_next_header(archive_, &header);
  const int64_t begin = archive_read_header_position(archive_);
  if (status != ARCHIVE_OK && status != ARCHIVE_WARN && status != ARCHIVE_EOF) {
    // A mark that is cut behind its first block is one.
    const int64_t end = next_header_.value_or(begin);
    if (source_->error == 0 && file_.size() - end >= kBlock && is_empty(end, file_.size())) return std::nullopt;
    if (source_->error != 0) fail_to("read", file_.path(), source_->error);
    const char* const reason = archive_error_string(archive_);
    fail(concat("is cut or damaged: ", reason == nullptr ? "a header is not whole" : printable(reason)));
  }
  if (next_header_ && begin != *next_header_) fail(concat("is damaged: sizes before byte ", begin, " contradict it"));
  if (status == ARCHIVE_EOF) {
    if (begin + kBlock > file_.size()) fail("lacks the mark that ends a tar file; it may have been cut");
    return std::nullopt;
  }

  TarEntry entry{path_of(header), archive_filter_bytes(archive_, 0), archive_entry_size(header), kind_of(header)};
  if (entry.kind == TarEntry::Kind::hard_link || entry.kind == TarEntry::Kind::soft_link) {
    entry.target = first_of({archive_entry_hardlink(header), archive_entry_hardlink_utf8(header),
                             archive_entry_symlink(header), archive_entry_symlink_utf8(header)});
  }
  // What stands before a header of more than one block is a long name, or the mark that ended the file before.
  if (entry.offset - begin > kBlock && is_empty(begin, begin + kBlock)) ++part_;
  entry.part = part_;
  if (entry.size < 0) fail(concat("is damaged: an entry before byte ", entry.offset, " has a negative size"));
  entry.is_cut = entry.is_file() && entry.size > file_.size() - entry.offset;
  next_header_.reset();
  if (entry.is_file() && !entry.is_cut) next_header_ = entry.offset + (entry.size + kBlock - 1) / kBlock * kBlock;
  return entry;
}

bool TarReader::is_empty(int64_t begin, int64_t end) const {
  std::array<char, kReadAtOnce> buffer{};
  while (begin < end) {
    const int64_t count = file_.read_some(begin, buffer.data(), std::min<int64_t>(end - begin, kReadAtOnce));
    if (count <= 0 || !std::all_of(buffer.begin(), buffer.begin() + count, [](char c) { return c == 0; })) return false;
    begin += count;
  }
  return true;
}

void TarReader::refuse() const {
  if (source_->error != 0) fail_to("read", file_.path(), source_->error);
  const char* const kind = compression(file_.read(0, std::min(file_.size(), kBlock)));
  if (kind == nullptr && file_.size() < kBlock) fail(concat("is cut: ", file_.size(), " bytes are less than a header"));
  const std::string what = kind == nullptr ? "is no tar file" : concat("is compressed (", kind, ")");
  throw NotTarError(concat("shard ", quoted(file_.path()), " ", what,
                           kind == nullptr ? "; data sets are read from folders and *.tar files"
                                           : "; decompress it: pictures are read at any place of a shard"));
}

void TarReader::fail(const std::string& reason) const {
  throw DataError(concat("shard ", quoted(file_.path()), " ", reason));
}

}  // namespace pixnerd::data
