#include "data/tar_writer.h"

#include <archive.h>
#include <archive_entry.h>

#include <cerrno>
#include <memory>
#include <new>
#include <ostream>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::data {
namespace {

la_ssize_t write(archive* handle, void* stream, const void* bytes, size_t size) {
  auto& out = *static_cast<std::ostream*>(stream);
  if (out.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size))) {
    return static_cast<la_ssize_t>(size);
  }
  archive_set_error(handle, EIO, "%s", "writing failed");
  return -1;
}

}  // namespace

TarWriter::TarWriter(std::ostream& out) : archive_(archive_write_new()) {
  if (archive_ == nullptr) throw std::bad_alloc();
  archive_write_set_format_ustar(archive_);
  archive_write_set_bytes_in_last_block(archive_, 1);  // no more after the mark that ends the file
  if (archive_write_open(archive_, &out, nullptr, write, nullptr) == ARCHIVE_OK) return;
  archive_write_free(archive_);
  throw std::bad_alloc();
}

TarWriter::~TarWriter() {
  archive_write_fail(archive_);  // nothing more is written
  archive_write_free(archive_);
}

void TarWriter::add(const std::string& name, std::string_view content) {
  const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(), archive_entry_free);
  if (entry == nullptr) throw std::bad_alloc();
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
  archive_entry_set_mtime(entry.get(), 0, 0);
  check(archive_write_header(archive_, entry.get()));
  const la_ssize_t written = archive_write_data(archive_, content.data(), content.size());
  check(written == static_cast<la_ssize_t>(content.size()) ? ARCHIVE_OK : ARCHIVE_FATAL);
}

void TarWriter::finish() {
  check(archive_write_close(archive_));
}

int64_t TarWriter::entry_bytes(size_t content_bytes) {
  return static_cast<int64_t>(512 + (content_bytes + 511) / 512 * 512);
}

void TarWriter::check(int status) const {
  if (status == ARCHIVE_OK) return;
  const char* const reason = archive_error_string(archive_);
  throw DataError(
      concat("a tar file cannot be written: ", reason == nullptr ? "no reason is known" : printable(reason)));
}

}  // namespace pixnerd::data
