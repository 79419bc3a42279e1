// CSV by libcsv.
#include "data/metadata_rows.h"

#include <csv.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>

#include "config/plain.h"
#include "core/errors.h"
#include "core/text.h"
#include "core/utf8.h"
#include "data/sample_text.h"

namespace pixnerd::data {
namespace {

using Take = std::function<void(const MetadataRow&)>;
using Broken = std::function<void(const std::string&)>;

// Bytes of a file, a part at a time.
class Parts {
 public:
  explicit Parts(const std::filesystem::path& path) : path_(path), file_(path, std::ios::binary) {
    if (!file_) fail(std::generic_category().message(errno));
  }

  // "" at the end.
  std::string_view next() {
    file_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    if (file_.bad()) fail("reading failed");
    std::string_view part(buffer_.data(), static_cast<size_t>(file_.gcount()));
    return std::exchange(is_first_, false) ? without_mark(part) : part;
  }

  [[noreturn]] void fail(const std::string& reason) const {
    throw DataError(concat("metadata ", quoted(path_), ": ", reason));
  }

  void require_short(size_t bytes) const {
    if (bytes > static_cast<size_t>(kMaxTextBytes)) fail(concat("a row is larger than ", kMaxTextBytes, " bytes"));
  }

 private:
  std::filesystem::path path_;
  std::ifstream file_;
  bool is_first_ = true;
  std::array<char, 1 << 16> buffer_{};
};

void take_json(std::string_view line, const Take& take, const Broken& broken) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
  MetadataRow row;
  try {
    row = metadata_row(line);
  } catch (const DataError& error) {
    return broken(error.what());
  }
  take(row);
}

void read_json(Parts& parts, const Take& take, const Broken& broken) {
  std::string line;
  for (std::string_view part = parts.next(); !part.empty(); part = parts.next()) {
    for (size_t end = part.find('\n'); end != std::string_view::npos; end = part.find('\n')) {
      line += part.substr(0, end);
      take_json(line, take, broken);
      line.clear();
      part.remove_prefix(end + 1);
    }
    line += part;
    parts.require_short(line.size());
  }
  take_json(line, take, broken);
}

// Columns by the names in the first row.
class CsvRows {
 public:
  CsvRows(const Take& take, const Broken& broken) : take_(take), broken_(broken) {
    if (csv_init(&parser_, CSV_APPEND_NULL) != 0) throw std::bad_alloc();
  }
  ~CsvRows() { csv_free(&parser_); }
  CsvRows(const CsvRows&) = delete;
  CsvRows& operator=(const CsvRows&) = delete;

  void add(std::string_view part, const Parts& parts) {
    if (csv_parse(&parser_, part.data(), part.size(), on_field, on_row, this) != part.size()) fail(parts);
    parts.require_short(csv_get_buffer_size(&parser_));
    parts.require_short(fields_bytes_);
  }

  void finish(const Parts& parts) {
    if (csv_fini(&parser_, on_field, on_row, this) != 0) fail(parts);
  }

 private:
  static void on_field(void* text, size_t size, void* self) {
    auto& rows = *static_cast<CsvRows*>(self);
    rows.fields_bytes_ += size + sizeof(std::string);
    rows.fields_.emplace_back(static_cast<const char*>(text), size);
  }
  static void on_row(int, void* self) {
    auto& rows = *static_cast<CsvRows*>(self);
    rows.take_row();
    rows.fields_.clear();
    rows.fields_bytes_ = 0;
  }

  void take_row() {
    if (std::exchange(is_first_, false)) return find_columns();
    if (file_name_ < 0) return;
    const auto field = [&](int column) {
      return column >= 0 && static_cast<size_t>(column) < fields_.size() ? fields_[static_cast<size_t>(column)] : "";
    };
    MetadataRow row{field(file_name_), {field(text_)}};
    if (row.file_name.empty()) return broken_("a row without a file_name");
    if (!is_utf8(row.captions[0])) return broken_(concat("the text of ", row.file_name, " is not UTF-8"));
    take_(row);
  }

  void find_columns() {
    int caption = -1;
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (fields_[i] == "file_name") file_name_ = static_cast<int>(i);
      if (fields_[i] == "text") text_ = static_cast<int>(i);
      if (fields_[i] == "caption") caption = static_cast<int>(i);
    }
    if (text_ < 0) text_ = caption;
    if (file_name_ < 0) broken_("there is no column file_name");
  }

  void fail(const Parts& parts) const { parts.fail(csv_strerror(csv_error(const_cast<csv_parser*>(&parser_)))); }

  const Take& take_;
  const Broken& broken_;
  csv_parser parser_{};
  std::vector<std::string> fields_;
  size_t fields_bytes_ = 0;
  bool is_first_ = true;
  int file_name_ = -1, text_ = -1;
};

}  // namespace

void read_metadata(const std::filesystem::path& path, const Take& take, const Broken& broken) {
  Parts parts(path);
  if (path.extension() == ".jsonl") return read_json(parts, take, broken);
  CsvRows rows(take, broken);
  for (std::string_view part = parts.next(); !part.empty(); part = parts.next()) rows.add(part, parts);
  rows.finish(parts);
}

}  // namespace pixnerd::data
