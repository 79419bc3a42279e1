#include "data/npz.h"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <charconv>
#include <new>
#include <optional>
#include <string_view>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::data {
namespace {

constexpr size_t kReadAtOnce = 1 << 18, kMostNames = 1000, kMostSides = 16, kMostHeaderBytes = 1 << 16;
constexpr std::string_view kMagic = "\x93NUMPY", kEnding = ".npy";
constexpr const char* kOtherSize = "its size is not that of its shape and type";

using Archive = std::unique_ptr<archive, int (*)(archive*)>;

[[noreturn]] void fail(const std::string& what, archive* handle, const char* otherwise) {
  const char* const reason = archive_error_string(handle);
  throw DataError(concat("cannot read ", what, ": ", reason == nullptr ? otherwise : printable(reason)));
}

Archive open(const std::filesystem::path& path) {
  // libarchive would wait for the writer of a pipe.
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    throw DataError(concat("cannot read ", quoted(path), ": ", error ? error.message() : "it is no file"));
  }
  Archive handle(archive_read_new(), archive_read_free);
  if (handle == nullptr) throw std::bad_alloc();
  archive_read_support_format_zip_seekable(handle.get());
  if (archive_read_open_filename(handle.get(), path.c_str(), kReadAtOnce) != ARCHIVE_OK) {
    fail(quoted(path), handle.get(), "it cannot be opened");
  }
  return handle;
}

// The next member's name, or nothing after the last one.
std::optional<std::string> next_name(archive* handle, const std::filesystem::path& path, int64_t& bytes) {
  archive_entry* entry = nullptr;
  const int status = archive_read_next_header(handle, &entry);
  if (status == ARCHIVE_EOF) return std::nullopt;
  if (status != ARCHIVE_OK && status != ARCHIVE_WARN) fail(quoted(path), handle, "it is no .npz file");
  if (archive_entry_is_encrypted(entry) != 0)
    throw DataError(concat("cannot read ", quoted(path), ": it is encrypted"));
  const char* const name = archive_entry_pathname(entry);
  bytes = archive_entry_size_is_set(entry) != 0 ? archive_entry_size(entry) : -1;
  return name == nullptr ? "" : name;
}

// The header of a .npy member, a Python dict such as
//   {'descr': '<f8', 'fortran_order': False, 'shape': (2048, 2048), }
class HeaderReader {
 public:
  HeaderReader(std::string_view text, const std::string& what) : rest_(text), what_(what) {}

  struct Header {
    std::string descr;
    std::optional<bool> is_fortran;
    std::optional<std::vector<int64_t>> shape;
  };

  Header read() {
    Header header;
    take('{');
    while (!takes('}')) {
      const std::string_view key = text();
      take(':');
      if (key == "descr") {
        header.descr = is_next('\'') || is_next('"') ? text() : refuse("it holds records of several fields");
      } else if (key == "fortran_order") {
        header.is_fortran = truth();
      } else if (key == "shape") {
        header.shape = shape();
      } else {
        refuse("its header has an unknown key");
      }
      if (!takes(',') && !is_next('}')) refuse("its header is damaged");
    }
    if (header.descr.empty() || !header.is_fortran || !header.shape) refuse("its header is incomplete");
    return header;
  }

  [[noreturn]] std::string_view refuse(const char* reason) const {
    throw DataError(concat("cannot read ", what_, ": ", reason));
  }

 private:
  bool is_next(char c) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \n\t"), rest_.size()));
    return !rest_.empty() && rest_.front() == c;
  }
  bool takes(char c) {
    const bool found = is_next(c);
    if (found) rest_.remove_prefix(1);
    return found;
  }
  void take(char c) {
    if (!takes(c)) refuse("its header is damaged");
  }

  std::string_view text() {
    const char quote = is_next('"') ? '"' : '\'';
    take(quote);
    const size_t end = rest_.find(quote);
    if (end == std::string_view::npos) refuse("its header is damaged");
    const std::string_view found = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return found;
  }

  bool truth() {
    is_next(' ');
    for (const auto& [word, value] : {std::pair{std::string_view("False"), false}, {"True", true}}) {
      if (!rest_.starts_with(word)) continue;
      rest_.remove_prefix(word.size());
      return value;
    }
    refuse("its header is damaged");
  }

  std::vector<int64_t> shape() {
    std::vector<int64_t> sides;
    take('(');
    while (!takes(')')) {
      is_next(' ');
      int64_t side = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), side);
      if (error != std::errc() || side < 0 || sides.size() == kMostSides) refuse("its shape is damaged");
      rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
      sides.push_back(side);
      if (!takes(',') && !is_next(')')) refuse("its shape is damaged");
    }
    return sides;
  }

  std::string_view rest_;
  const std::string& what_;
};

}  // namespace

std::vector<std::string> npz_names(const std::filesystem::path& path) {
  const Archive handle = open(path);
  std::vector<std::string> names;
  int64_t bytes = 0;
  size_t members = 0;
  while (const auto name = next_name(handle.get(), path, bytes)) {
    if (++members > kMostNames) throw DataError(concat("cannot read ", quoted(path), ": it has too many members"));
    if (name->ends_with(kEnding)) names.push_back(name->substr(0, name->size() - kEnding.size()));
  }
  return names;
}

NpzArray::NpzArray(const std::filesystem::path& path, const std::string& name)
    : what_(concat("array ", quoted(name), " of ", quoted(path))), archive_(open(path)) {
  size_t members = 0;
  while (const auto found = next_name(archive_.get(), path, member_bytes_)) {
    if (*found == concat(name, kEnding)) {
      parse_header();
      return;
    }
    if (++members > kMostNames) break;
  }
  throw DataError(concat("cannot read ", what_, ": there is no such array"));
}

NpzArray::~NpzArray() = default;

void NpzArray::parse_header() {
  std::array<unsigned char, 12> begin{};
  const auto bytes = std::as_writable_bytes(std::span(begin));
  take(bytes.first(8));
  const std::string_view magic(reinterpret_cast<const char*>(begin.data()), kMagic.size());
  const HeaderReader complaint("", what_);
  if (magic != kMagic || begin[6] < 1 || begin[6] > 3) complaint.refuse("it is not in the .npy format");
  const size_t length_bytes = begin[6] == 1 ? 2 : 4;
  take(bytes.subspan(8, length_bytes));
  size_t length = 0;
  for (size_t i = length_bytes; i-- > 0;) length = length << 8 | begin[8 + i];
  if (length > kMostHeaderBytes) complaint.refuse("its header is too long");
  std::string text(length, ' ');
  take(std::as_writable_bytes(std::span(text)));

  HeaderReader::Header header = HeaderReader(text, what_).read();
  shape_ = *header.shape;
  if (*header.is_fortran && shape_.size() > 1) {
    complaint.refuse("it is in column-major order; save numpy.ascontiguousarray of it");
  }
  size_t item_bytes = 0;
  const std::string_view descr = header.descr;
  const bool is_number = descr.size() == 3 && std::string_view("|<").find(descr[0]) != std::string_view::npos &&
                         std::string_view("biuf").find(descr[1]) != std::string_view::npos &&
                         std::string_view("1248").find(descr[2]) != std::string_view::npos;
  if (!is_number) complaint.refuse("its type is none that can be read; save little-endian numbers");
  type_ = descr.substr(1);
  item_bytes = static_cast<size_t>(descr[2] - '0');

  constexpr int64_t kMostElements = int64_t{1} << 56;
  elements_ = 1;
  for (const int64_t side : shape_) {
    if (__builtin_mul_overflow(elements_, side, &elements_) || elements_ > kMostElements) {
      complaint.refuse("its shape is damaged");
    }
  }
  const auto stated = static_cast<int64_t>(8 + length_bytes + length) + elements_ * static_cast<int64_t>(item_bytes);
  if (member_bytes_ >= 0 && member_bytes_ != stated) complaint.refuse(kOtherSize);
  left_ = elements_ * static_cast<int64_t>(item_bytes);
}

void NpzArray::read(std::span<std::byte> bytes) {
  take(bytes);
  left_ -= static_cast<int64_t>(bytes.size());
  if (left_ == 0) check_end();
}

// libarchive compares a stored member's checksum when it is asked for more than there is.
void NpzArray::check_end() {
  std::byte more{};
  const la_ssize_t count = archive_read_data(archive_.get(), &more, 1);
  if (count < 0) fail(what_, archive_.get(), "the file is damaged");
  if (count > 0) HeaderReader("", what_).refuse(kOtherSize);
}

void NpzArray::take(std::span<std::byte> bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const la_ssize_t count = archive_read_data(archive_.get(), bytes.data() + done, bytes.size() - done);
    if (count < 0) fail(what_, archive_.get(), "the file is damaged");
    if (count == 0) throw DataError(concat("cannot read ", what_, ": it ends too early"));
    done += static_cast<size_t>(count);
  }
}

}  // namespace pixnerd::data
