// manifest.jsonl of a folder of pictures: a line for each, with its name and everything that makes it again.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "core/append_file.h"
#include "sample/record.h"

namespace pixnerd::sample {

class Manifest {
 public:
  static constexpr const char* kName = "manifest.jsonl";

  // Nothing is touched before the first picture. Lines of earlier pictures stay, but for names that `replaces` says yes
  // to: those pictures are about to be drawn anew.
  Manifest(const std::filesystem::path& folder, std::function<bool(const std::string& name)> replaces)
      : path_(folder / kName), replaces_(std::move(replaces)) {}

  // After the picture is there. DataError when it cannot be written, or what stands there is no manifest.
  void add(const PictureRecord& record);

 private:
  void drop_replaced() const;

  std::filesystem::path path_;
  std::function<bool(const std::string& name)> replaces_;
  std::optional<AppendFile> file_;
};

}  // namespace pixnerd::sample
