#include "cli/recorded_files.h"

#include <algorithm>
#include <system_error>
#include <vector>

#include "checkpoint/content_hash.h"
#include "core/errors.h"
#include "core/text.h"
#include "sample/record.h"

namespace pixnerd::cli {

namespace fs = std::filesystem;

std::string find_recorded(const RecordedFile& recorded, const fs::path& from) {
  if (recorded.name.empty()) return "";
  const std::string name = sample::recorded_name(recorded.name);
  const fs::path folder = from.parent_path();
  std::vector<fs::path> places = {folder / name, folder / ".." / name, name};
  if (fs::path(recorded.name).has_parent_path()) places.insert(places.begin(), recorded.name);
  std::erase_if(places, [](const fs::path& place) {
    std::error_code error;
    return !fs::exists(place, error);
  });
  if (places.empty()) {
    throw RequestError(concat("the picture was drawn with ", quoted(name), ", which is neither beside it nor in the ",
                              "current folder; say where it is with ", recorded.flag));
  }
  const auto same = std::find_if(places.begin(), places.end(), [&](const fs::path& place) {
    return checkpoint::content_hash(place) == recorded.hash;
  });
  return (same == places.end() ? places.front() : *same).string();
}

}  // namespace pixnerd::cli
