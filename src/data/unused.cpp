#include "data/unused.h"

#include <algorithm>
#include <utility>

#include "core/counted.h"
#include "core/text.h"

namespace pixnerd::data {
namespace {

constexpr size_t kKindsCounted = 200, kKindsShown = 6;  // endings may be as many as there are files
constexpr const char* kOtherKinds = "others";

struct Wording {
  const char *one, *more, *after;
  bool lists_kinds;  // else the first name is shown
};

// In the order of Why.
constexpr Wording kWordings[] = {
    {"picture", "pictures", " in formats that are not read", true},
    {"hidden picture", "hidden pictures", "", true},
    {"picture", "pictures", " beside the class folders", false},
    {"picture", "pictures", " beside the shards", false},
    {"archive", "archives", " beside the folders of pictures", false},
    {"link", "links", " to a folder that is read already", false},
    {"folder", "folders", " without pictures and no class", true},
    {"picture", "pictures", " more than one of a sample", true},
    {"sparse file", "sparse files", " in shards", false},
    {"link", "links", " in shards to no file before it", false},
    {"shard", "shards", " missing of those that data.path names", false},
    {"row", "rows", " of metadata without a picture", false},
    {"row", "rows", " of metadata not understood", false},
    {"other file", "other files", "", true},
};

// "8 .heic, 4 .svg", the most frequent first.
std::string list_of(const std::map<std::string, int64_t, std::less<>>& of_kind) {
  std::vector<std::pair<int64_t, std::string>> kinds;
  for (const auto& [kind, count] : of_kind) kinds.emplace_back(-count, kind);
  std::sort(kinds.begin(), kinds.end());
  std::vector<std::string> parts;
  for (const auto& [count, kind] : kinds) {
    if (parts.size() == kKindsShown) break;
    parts.push_back(concat(-count, " ", printable(kind, 60)));
  }
  if (kinds.size() > parts.size()) {
    parts.push_back(concat("and ", counted(std::ssize(kinds) - std::ssize(parts), "more kind", "more kinds")));
  }
  return join(parts, ", ");
}

// Folders are called by their names, once each.
std::string names_of(const std::map<std::string, int64_t, std::less<>>& of_kind) {
  std::vector<std::string> names;
  for (const auto& [name, count] : of_kind) names.push_back(name);
  return printable(join(names, ", "));
}

}  // namespace

void Unused::add(Why why, std::string_view kind, const std::string& name) {
  Count& count = counts_[static_cast<size_t>(why)];
  if (count.all++ == 0) count.first = name;
  auto place = count.of_kind.find(kind);
  if (place == count.of_kind.end()) {
    const bool has_room = count.of_kind.size() < kKindsCounted;
    place = count.of_kind.emplace(has_room ? std::string(kind) : kOtherKinds, 0).first;
  }
  ++place->second;
}

void Unused::add(const Unused& more) {
  for (size_t i = 0; i < counts_.size(); ++i) {
    const Count& from = more.counts_[i];
    Count& to = counts_[i];
    if (to.all == 0) to.first = from.first;
    to.all += from.all;
    for (const auto& [kind, count] : from.of_kind) {
      to.of_kind[to.of_kind.size() < kKindsCounted ? kind : kOtherKinds] += count;
    }
  }
}

bool Unused::empty() const {
  return std::all_of(counts_.begin(), counts_.end(), [](const Count& count) { return count.all == 0; });
}

std::vector<std::string> Unused::lines() const {
  std::vector<std::string> lines;
  for (size_t i = 0; i < counts_.size(); ++i) {
    const Count& count = counts_[i];
    if (count.all == 0) continue;
    const Wording& words = kWordings[i];
    const bool are_folders = static_cast<Why>(i) == Why::empty_folder;
    const std::string which = are_folders         ? concat(": ", names_of(count.of_kind))
                              : words.lists_kinds ? concat(": ", list_of(count.of_kind))
                                                  : concat(count.all == 1 ? ": " : ", such as ", quoted(count.first));
    lines.push_back(concat(count.all, " ", count.all == 1 ? words.one : words.more, words.after, which));
  }
  return lines;
}

}  // namespace pixnerd::data
