#include "data/shard_paths.h"

#include <glob.h>

#include <algorithm>
#include <charconv>
#include <iomanip>
#include <memory>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/errors.h"
#include "core/text.h"
#include "image/codec.h"

namespace pixnerd::data {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxNames = 200'000;  // that braces may stand for

// A link that leads nowhere is a shard too: opening it fails, and that is reported.
bool is_shard(const fs::directory_entry& entry) {
  const std::string name = entry.path().filename().string();
  std::error_code ignored;
  return !name.starts_with('.') && name.ends_with(".tar") && !entry.is_directory(ignored);
}

std::optional<int64_t> number_of(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

// What "00..10" or "a,b" between braces stands for; nothing if it is neither.
std::vector<std::string> choices_of(std::string_view inside) {
  std::vector<std::string> choices;
  if (const size_t dots = inside.find(".."); dots != std::string_view::npos) {
    const auto first = number_of(inside.substr(0, dots)), last = number_of(inside.substr(dots + 2));
    if (!first || !last || *last < *first || *last - *first >= static_cast<int64_t>(kMaxNames)) return choices;
    for (int64_t number = *first; number <= *last; ++number) {
      std::ostringstream text;
      text << std::setw(static_cast<int>(dots)) << std::setfill('0') << number;
      choices.push_back(text.str());
    }
    return choices;
  }
  if (inside.find(',') == std::string_view::npos) return choices;
  for (size_t begin = 0; begin <= inside.size();) {
    const size_t comma = std::min(inside.find(',', begin), inside.size());
    choices.emplace_back(inside.substr(begin, comma - begin));
    begin = comma + 1;
  }
  return choices;
}

void expand(const std::string& before, std::string_view pattern, std::vector<std::string>& names) {
  const size_t open = pattern.find('{'), close = pattern.find('}', open);
  const std::vector<std::string> choices = close == std::string_view::npos
                                               ? std::vector<std::string>{}
                                               : choices_of(pattern.substr(open + 1, close - open - 1));
  if (choices.empty()) {
    if (names.size() == kMaxNames) throw DataError(concat("the pattern stands for more than ", kMaxNames, " names"));
    names.push_back(before + std::string(pattern));
    return;
  }
  for (const std::string& choice : choices) {
    expand(before + std::string(pattern.substr(0, open)) + choice, pattern.substr(close + 1), names);
  }
}

bool has_wildcard(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

std::vector<std::string> fitting(const std::string& pattern) {
  glob_t found{};
  const int status = ::glob(pattern.c_str(), 0, nullptr, &found);
  const std::unique_ptr<glob_t, decltype(&::globfree)> owned(&found, &::globfree);
  if (status != 0) return {};
  return {found.gl_pathv, found.gl_pathv + found.gl_pathc};
}

}  // namespace

std::vector<std::string> without_braces(const std::string& pattern) {
  std::vector<std::string> patterns;
  expand("", pattern, patterns);
  return patterns;
}

namespace {

// Files that a pattern names, and how many more it names that are not there.
struct Expansion {
  std::vector<std::string> names, files, missing;
  bool has_folders = false;
};

Expansion expansion_of(const std::string& pattern) {
  Expansion all;
  all.names = without_braces(pattern);
  for (const std::string& name : all.names) {
    std::error_code error;
    const bool is_wild = has_wildcard(name) && !fs::exists(name, error);
    for (const std::string& file : is_wild ? fitting(name) : std::vector<std::string>{name}) {
      if (fs::is_directory(file, error)) {
        all.has_folders = true;
      } else if (fs::exists(fs::symlink_status(file, error))) {
        all.files.push_back(file);
      } else {
        all.missing.push_back(file);
      }
    }
  }
  std::sort(all.files.begin(), all.files.end());
  all.files.erase(std::unique(all.files.begin(), all.files.end()), all.files.end());
  return all;
}

[[noreturn]] void refuse(const fs::path& path, const Expansion& all) {
  const std::string what = concat("data set ", quoted(path), ": ");
  if (all.has_folders) {
    throw DataError(concat(what,
                           "the pattern fits folders, and names shards; give the folder that holds them all, and ",
                           "data.include for a part of it"));
  }
  if (all.names.size() > 1) {
    throw DataError(concat(what, "none of the ", all.names.size(), " shards that it names is there, the first ",
                           quoted(fs::path(all.names.front())), ", the last ", quoted(fs::path(all.names.back()))));
  }
  throw DataError(concat(what, "no file fits the pattern; it names shards, which are .tar files"));
}

// The folder that holds all files, by their names.
fs::path folder_of(const std::vector<std::string>& files) {
  fs::path folder = fs::path(files.front()).parent_path();
  for (const std::string& file : files) {
    while (!folder.empty() && !file.starts_with(folder.string() == "/" ? "/" : folder.string() + "/")) {
      folder = folder.parent_path();
    }
  }
  return folder;
}

ShardPaths of_pattern(const fs::path& path) {
  const Expansion all = expansion_of(path.string());
  if (all.files.empty()) refuse(path, all);
  ShardPaths shards{folder_of(all.files), {}, {}};
  for (const std::string& file : all.files) {
    shards.names.push_back(shards.folder.empty() ? file : fs::path(file).lexically_relative(shards.folder).string());
  }
  for (const std::string& file : all.missing) shards.unused.add(Why::missing_shard, "", file);
  return shards;
}

// Of a file that lies beside shards.
void add_beside(const std::string& name, Unused& unused) {
  const std::string extension = image::extension_of(name);
  const bool is_picture = image::is_picture_extension(extension);
  if (name.starts_with('.')) {
    if (is_picture) unused.add(Why::hidden, name.starts_with("._") ? "._* of macOS" : ".*", name);
  } else if (is_picture) {
    unused.add(Why::beside_shards, "", name);
  } else {
    const bool is_foreign = image::is_foreign_picture_extension(extension);
    unused.add(is_foreign ? Why::foreign_format : Why::other_file,
               extension.empty() ? "without an ending" : "." + extension, name);
  }
}

ShardPaths of_folder(const fs::path& folder) {
  ShardPaths shards{folder, {}, {}};
  std::error_code error, ignored;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (is_shard(*entry)) {
      shards.names.push_back(std::move(name));
    } else if (!entry->is_directory(ignored)) {
      add_beside(name, shards.unused);
    }
  }
  if (error) throw DataError(concat("folder ", quoted(folder), " cannot be listed: ", error.message()));
  if (shards.names.empty()) throw DataError(concat("data set ", quoted(folder), " holds no shard (*.tar)"));
  std::sort(shards.names.begin(), shards.names.end());
  return shards;
}

}  // namespace

ShardPaths find_shard_paths(const fs::path& path) {
  std::error_code error;
  if (is_shard_pattern(path)) return of_pattern(path);
  if (fs::is_directory(path, error)) return of_folder(path);
  if (!fs::exists(path, error)) throw DataError(concat("data set ", quoted(path), ": no such file or folder"));
  return {path.parent_path(), {path.filename().string()}, {}};
}

bool holds_shards(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (is_shard(*entry)) return true;
  }
  return false;
}

bool is_shard_pattern(const fs::path& path) {
  std::error_code error;
  const std::string text = path.string();
  return text.find_first_of("*?[{") != std::string::npos && !fs::exists(fs::symlink_status(path, error));
}

bool is_there(const fs::path& path) {
  std::error_code error;
  if (fs::exists(path, error)) return true;
  return is_shard_pattern(path) && !expansion_of(path.string()).files.empty();
}

}  // namespace pixnerd::data
