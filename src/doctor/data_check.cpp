#include "doctor/data_check.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/counted.h"
#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::doctor {
namespace {

constexpr int64_t kMostEnds = 256, kMostSpread = 128;

constexpr const char* kAdvice =
    "copy the set again, and see `pixnerd data inspect`, which reads all of it; what was broken all along was skipped "
    "in "
    "training, and what is missing now would keep the run from being resumed";

std::string folder_of(const std::string& name) {
  return name.substr(0, name.rfind('/'));
}

// The last picture of each shard or class folder, and others evenly spread.
std::vector<int64_t> to_decode(const data::PictureSet& set) {
  std::vector<int64_t> numbers;
  for (int64_t i = 0; i < set.size() && std::ssize(numbers) < kMostEnds; ++i) {
    if (i + 1 == set.size() || folder_of(set.name(i)) != folder_of(set.name(i + 1))) numbers.push_back(i);
  }
  const int64_t spread = std::min(kMostSpread, set.size());
  for (int64_t i = 0; i < spread; ++i) numbers.push_back(i * set.size() / spread);
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

struct Broken {
  int64_t count = 0;
  std::string first;  // what is wrong with it
};

Broken decode(const data::PictureSet& set, const std::vector<int64_t>& numbers, const StopRequested& stop) {
  Broken broken;
  for (const int64_t number : numbers) {
    stop_if(stop);
    try {
      set.read(number);
    } catch (const DataError& error) {
      if (broken.count++ == 0) broken.first = error.what();
    }
  }
  return broken;
}

int64_t classes_without_pictures(const data::PictureSet& set) {
  std::vector<bool> has_pictures(static_cast<size_t>(set.num_classes()));
  for (int64_t i = 0; i < set.size(); ++i) {
    if (set.label(i) >= 0) has_pictures[static_cast<size_t>(set.label(i))] = true;
  }
  return std::count(has_pictures.begin(), has_pictures.end(), false);
}

}  // namespace

std::optional<Finding> check_data(const data::PictureSet& set, uint64_t fingerprint, const StopRequested& stop) {
  std::vector<std::string> troubles;
  const std::vector<int64_t> numbers = to_decode(set);
  const Broken broken = decode(set, numbers, stop);
  const int64_t empty = classes_without_pictures(set);
  const bool is_other = data::fingerprint(set) != fingerprint;
  if (is_other) {
    troubles.push_back(concat("its ", counted(set.size(), "picture is", "pictures are"),
                              " not those that the run began with, by their names and labels"));
  }
  if (set.broken_at_opening() > 0) {
    troubles.push_back(concat(counted(set.broken_at_opening(), "picture or shard was", "pictures or shards were"),
                              " broken when it was opened"));
  }
  if (empty > 0) troubles.push_back(concat(counted(empty, "class has", "classes have"), " no picture"));
  if (broken.count > 0) {
    troubles.push_back(concat(broken.count, " of ", std::ssize(numbers),
                              " pictures looked at cannot be read, the first: ", broken.first));
  }
  if (troubles.empty()) return std::nullopt;
  return Finding{Fault::data_ends_early,
                 concat("the data ", quoted(set.root()), " ends early or is not whole: ", join(troubles, "; ")),
                 kAdvice,
                 {{"pictures", static_cast<double>(set.size())},
                  {"broken_at_opening", static_cast<double>(set.broken_at_opening())},
                  {"unreadable", static_cast<double>(broken.count)},
                  {"looked_at", static_cast<double>(numbers.size())},
                  {"empty_classes", static_cast<double>(empty)},
                  {"is_other", is_other ? 1.0 : 0.0}}};
}

Finding unreadable_data(const std::string& reason) {
  return {Fault::data_ends_early, concat("the data cannot be read: ", reason), kAdvice};
}

}  // namespace pixnerd::doctor
