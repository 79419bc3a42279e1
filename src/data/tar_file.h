// A tar file that is read at any place by any thread: its bytes, and the list of its entries.
//
// Tar files may come from anywhere: the paths in them are labels that nothing here opens, and nothing is unpacked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/errors.h"

struct archive;

namespace pixnerd::data {

class TarFile {
 public:
  // DataError: it cannot be opened, or is no regular file.
  explicit TarFile(const std::filesystem::path& path);
  ~TarFile();
  TarFile(const TarFile&) = delete;
  TarFile& operator=(const TarFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  int64_t size() const { return size_; }  // when it was opened

  // The bytes [offset, offset + size). DataError unless the file holds and the system gives them all.
  std::string read(int64_t offset, int64_t size) const;

  // At most `size` bytes into `buffer`, fewer only at the end of the file; -1 and errno if the system gives none.
  int64_t read_some(int64_t offset, char* buffer, int64_t size) const noexcept;

 private:
  std::filesystem::path path_;
  int fd_;
  int64_t size_ = 0;
};

struct TarEntry {
  enum class Kind {
    file,
    sparse,     // a file with holes, which do not lie in the tar file
    hard_link,  // to an entry before it
    soft_link,
    other,  // a folder, a device
  };

  std::string path;    // as in the file: any bytes
  int64_t offset = 0;  // of the content in the tar file
  int64_t size = 0;    // of the content
  Kind kind = Kind::other;
  std::string target = {};  // of a link
  int64_t part = 0;         // of tar files that were joined
  bool is_cut = false;      // of a file: the tar file ends before the content does

  bool is_file() const { return kind == Kind::file; }
};

// What a file holds is no tar file, or a compressed one.
struct NotTarError : DataError {
  using DataError::DataError;
};

// Lists the entries of a tar file (old, ustar, pax, GNU) in their order, passing over their contents, also of several
// that were joined: behind the mark that ends one, another may begin. The file must
// outlive it. Not for two threads at once, even on two files: libarchive counts entries in a variable of its own.
class TarReader {
 public:
  // NotTarError; DataError for a file too short to tell, or that cannot be read.
  explicit TarReader(const TarFile& file);
  ~TarReader();
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;

  // The next entry; nothing after the last one. DataError where the file is cut or damaged, or ends without the mark
  // that ends a tar file; what was listed before is good then, but for an entry that is_cut.
  std::optional<TarEntry> next();

 private:
  struct Source;

  bool is_empty(int64_t begin, int64_t end) const;
  [[noreturn]] void refuse() const;
  [[noreturn]] void fail(const std::string& reason) const;

  const TarFile& file_;
  std::unique_ptr<Source> source_;
  archive* archive_;
  std::optional<int64_t> next_header_;  // where it must be, if that is known
  int64_t part_ = 0;
};

}  // namespace pixnerd::data
