#include "sample/manifest.h"

#include <algorithm>
#include <utility>

#include "core/errors.h"
#include "core/file.h"
#include "core/text.h"

namespace pixnerd::sample {

Manifest::Manifest(const std::filesystem::path& folder, std::function<bool(const std::string& name)> replaces)
    : path_(folder / kName), replaces_(std::move(replaces)) {
  try {
    earlier();
  } catch (const DataError& error) {
    throw DataError(concat(error.what(), "; the new pictures' records cannot join it: move ", quoted(path_), " away"));
  }
}

void Manifest::add(const PictureRecord& record) {
  drop_replaced();
  if (!file_) file_.emplace(path_);
  file_->append(to_json(record) + "\n");
}

std::set<std::string> Manifest::names() const {
  std::set<std::string> names;
  for (const PictureRecord& record : earlier()) names.insert(record.file);
  return names;
}

std::vector<PictureRecord> Manifest::earlier() const {
  std::error_code error;
  if (!std::filesystem::exists(path_, error) || std::filesystem::file_size(path_, error) == 0) return {};
  return read_records(path_);
}

void Manifest::drop_replaced() {
  if (std::exchange(is_clean_, true)) return;
  const std::vector<PictureRecord> before = earlier();
  const auto is_replaced = [&](const PictureRecord& record) { return replaces_(record.file); };
  if (std::none_of(before.begin(), before.end(), is_replaced)) return;
  write_file_atomically(path_, [&](std::ostream& out) {
    for (const PictureRecord& record : before) {
      if (!is_replaced(record)) out << to_json(record) << '\n';
    }
  });
}

}  // namespace pixnerd::sample
