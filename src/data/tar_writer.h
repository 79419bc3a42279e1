// A tar file that depends on the names and contents of its entries alone: no times, no owners.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

struct archive;

namespace pixnerd::data {

class TarWriter {
 public:
  // Writes to `out`, which must outlive it.
  explicit TarWriter(std::ostream& out);
  ~TarWriter();  // without finish() the file stays cut
  TarWriter(const TarWriter&) = delete;
  TarWriter& operator=(const TarWriter&) = delete;

  // `name` is ASCII, at most 100 bytes. DataError when it cannot be written.
  void add(const std::string& name, std::string_view content);

  // Writes the mark that ends a tar file. DataError when that fails.
  void finish();

  // What an entry of so many bytes adds to the file, and what finish() does.
  static int64_t entry_bytes(size_t content_bytes);
  static constexpr int64_t kEndBytes = 1024;

 private:
  void check(int status) const;

  archive* archive_;
};

}  // namespace pixnerd::data
