#include "eval/retrieval.h"

#include <algorithm>
#include <functional>
#include <map>

#include "core/text.h"

namespace pixnerd::eval {
namespace {

constexpr int64_t kFirst = 5;

bool are_within(const Opinion& opinion, int64_t first) {
  return std::all_of(opinion.places.begin(), opinion.places.end(), [&](int64_t place) { return place <= first; });
}

// Sums while pictures are added, shares in the end.
struct Tally {
  Rates sums;

  void add(const Asked& asked, const Opinion& opinion) {
    const int64_t parts = std::ssize(opinion.places);
    ++sums.pictures;
    if (are_within(opinion, parts)) ++sums.top1;
    if (are_within(opinion, std::max(parts, kFirst))) ++sums.top5;
    if (asked.style.empty() || opinion.style.empty()) return;
    ++sums.styled;
    if (asked.style == opinion.style) ++sums.style;
  }

  Rates rates() const {
    Rates shares = sums;
    const auto share = [](double& sum, int64_t count) { sum = count > 0 ? sum / static_cast<double>(count) : 0; };
    share(shares.top1, sums.pictures);
    share(shares.top5, sums.pictures);
    share(shares.style, sums.styled);
    return shares;
  }
};

// Tells apart what `key` tells apart; pictures of which it gives "" are in no group.
void add_groups(const char* kind, const std::vector<Asked>& asked, const std::vector<Opinion>& opinions,
                const std::function<std::string(const Asked&)>& key, std::vector<Group>& groups) {
  std::map<std::string, Tally> tallies;
  for (size_t i = 0; i < asked.size(); ++i) {
    const std::string name = key(asked[i]);
    if (!name.empty()) tallies[name].add(asked[i], opinions[i]);
  }
  for (const auto& [name, tally] : tallies) groups.push_back({kind, name, tally.rates()});
}

Confusion confusion_of(const std::string& name, const std::map<std::string, int64_t>& named) {
  Confusion confusion{name, 0, 0, {}};
  for (const auto& [other, count] : named) {
    confusion.pictures += count;
    if (other == name) {
      confusion.found = count;
    } else {
      confusion.taken_for.emplace_back(other, count);
    }
  }
  std::stable_sort(confusion.taken_for.begin(), confusion.taken_for.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return confusion;
}

std::vector<Confusion> confusions_of(const std::vector<Asked>& asked, const std::vector<Opinion>& opinions,
                                     size_t most) {
  std::map<std::string, std::map<std::string, int64_t>> named;
  for (size_t i = 0; i < asked.size(); ++i) {
    if (asked[i].classes.size() == 1) ++named[asked[i].classes.front()][opinions[i].named];
  }
  std::vector<Confusion> all;
  for (const auto& [name, counts] : named) {
    const Confusion confusion = confusion_of(name, counts);
    if (confusion.found < confusion.pictures) all.push_back(confusion);
  }
  const auto missed = [](const Confusion& each) {
    return static_cast<double>(each.pictures - each.found) / static_cast<double>(each.pictures);
  };
  std::stable_sort(all.begin(), all.end(), [&](const Confusion& a, const Confusion& b) {
    return std::pair(missed(a), a.pictures) > std::pair(missed(b), b.pictures);
  });
  if (all.size() > most) all.resize(most);
  return all;
}

}  // namespace

Rates rates_of(const std::vector<Asked>& asked, const std::vector<Opinion>& opinions) {
  Tally tally;
  for (size_t i = 0; i < asked.size(); ++i) tally.add(asked[i], opinions[i]);
  return tally.rates();
}

Retrieval retrieval_of(const std::vector<Asked>& asked, const std::vector<Opinion>& opinions, size_t most) {
  Retrieval found;
  found.all = rates_of(asked, opinions);
  add_groups(
      "language", asked, opinions, [](const Asked& each) { return each.language; }, found.groups);
  add_groups(
      "style", asked, opinions, [](const Asked& each) { return each.style; }, found.groups);
  add_groups(
      "caption", asked, opinions, [](const Asked& each) { return each.caption > 0 ? concat(each.caption) : ""; },
      found.groups);
  add_groups(
      "classes together", asked, opinions,
      [](const Asked& each) { return each.classes.size() > 1 ? concat(each.classes.size()) : ""; }, found.groups);
  found.confusions = confusions_of(asked, opinions, most);
  return found;
}

double mean_top5(const Retrieval& retrieval, const std::string& kind) {
  double sum = 0, count = 0;
  for (const Group& group : retrieval.groups) {
    if (group.kind != kind) continue;
    sum += group.rates.top5;
    ++count;
  }
  return count > 0 ? sum / count : 0;
}

}  // namespace pixnerd::eval
