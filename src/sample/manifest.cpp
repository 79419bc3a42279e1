#include "sample/manifest.h"

#include <algorithm>
#include <vector>

#include "core/file.h"

namespace pixnerd::sample {

void Manifest::add(const PictureRecord& record) {
  if (!file_) {
    drop_replaced();
    file_.emplace(path_);
  }
  file_->append(to_json(record) + "\n");
}

void Manifest::drop_replaced() const {
  std::error_code error;
  if (!std::filesystem::exists(path_, error) || std::filesystem::file_size(path_, error) == 0) return;
  const std::vector<PictureRecord> before = read_records(path_);
  const auto is_replaced = [&](const PictureRecord& record) { return replaces_(record.file); };
  if (std::none_of(before.begin(), before.end(), is_replaced)) return;
  write_file_atomically(path_, [&](std::ostream& out) {
    for (const PictureRecord& record : before) {
      if (!is_replaced(record)) out << to_json(record) << '\n';
    }
  });
}

}  // namespace pixnerd::sample
