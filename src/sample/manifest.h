// manifest.jsonl of a folder of pictures: a line for each, with its name and everything that makes it again.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/append_file.h"
#include "sample/record.h"

namespace pixnerd::sample {

class Manifest {
 public:
  static constexpr const char* kName = "manifest.jsonl";

  // Lines of earlier pictures stay, but for names that `replaces` says yes to: those pictures are about to be drawn
  // anew. Nothing is touched before the first picture, but what is there is read: DataError if it is no manifest.
  Manifest(const std::filesystem::path& folder, std::function<bool(const std::string& name)> replaces);

  std::set<std::string> names() const;  // of pictures that have a line

  // Takes the lines of pictures that are drawn anew away; once, add() does it else. DataError as add().
  void drop_replaced();

  // After the picture is there. DataError when it cannot be written.
  void add(const PictureRecord& record);

 private:
  std::vector<PictureRecord> earlier() const;

  std::filesystem::path path_;
  std::function<bool(const std::string& name)> replaces_;
  bool is_clean_ = false;  // of lines to be replaced
  std::optional<AppendFile> file_;
};

}  // namespace pixnerd::sample
