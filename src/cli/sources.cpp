#include "cli/sources.h"

#include <algorithm>
#include <system_error>
#include <vector>

#include "checkpoint/checkpoint_path.h"
#include "checkpoint/content_hash.h"
#include "core/errors.h"
#include "core/text.h"
#include "core/utf8.h"

namespace pixnerd::cli {
namespace {

namespace fs = std::filesystem;

std::string find_recorded(const std::string& recorded, const std::string& hash, const fs::path& from, const char* flag,
                          std::string (*hash_of)(const fs::path&) = checkpoint::content_hash) {
  if (recorded.empty()) return "";
  const std::string name = sample::recorded_name(recorded);
  const fs::path folder = from.parent_path();
  std::vector<fs::path> places = {folder / name, folder / ".." / name, name};
  if (fs::path(recorded).has_parent_path()) places.insert(places.begin(), recorded);
  std::erase_if(places, [](const fs::path& place) {
    std::error_code error;
    return !fs::exists(place, error);
  });
  if (places.empty()) {
    throw RequestError(concat("the picture was drawn with ", quoted(name), ", which is neither beside it nor in the ",
                              "current folder; say where it is with ", flag));
  }
  const auto same =
      std::find_if(places.begin(), places.end(), [&](const fs::path& place) { return hash_of(place) == hash; });
  return (same == places.end() ? places.front() : *same).string();
}

}  // namespace

std::string checkpoint_of(const std::string& given, const std::vector<sample::PictureRecord>& before,
                          const fs::path& again) {
  std::string path = given;
  if (path.empty() && !before.empty()) {
    path = find_recorded(before.front().checkpoint, before.front().checkpoint_hash, again, "--checkpoint");
  }
  return path.empty() ? "" : checkpoint::checkpoint_path(path).string();
}

std::string text_encoder_of(const std::string& given, const std::vector<sample::PictureRecord>& before,
                            const fs::path& again) {
  if (!given.empty() || before.empty()) return given;
  return find_recorded(before.front().text_encoder, before.front().text_encoder_hash, again, "--text-encoder");
}

std::string edited_file(const std::string& name, const std::string& hash, const fs::path& again) {
  return find_recorded(name, hash, again, "`pixnerd edit IN --mask FILE --again`", sample::picture_hash);
}

std::string name_in_record(const std::string& path, const char* flag) {
  std::string name = sample::recorded_name(path);
  if (is_utf8(name)) return name;
  throw RequestError(concat(flag, " ", quoted(path),
                            " has a name that is no UTF-8, which the pictures' records cannot ",
                            "hold; give it another, such as by a link"));
}

}  // namespace pixnerd::cli
