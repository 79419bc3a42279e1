#include "sample/weight_sets.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::sample {
namespace {

using checkpoint::StridedEntry;

// A parameter that every PixNerd network has, and few others.
constexpr std::string_view kAnchor = "s_embedder.proj.weight";

// Modules that wrap others, at any depth; no parameter of PixNerd has such a part in its own name.
constexpr std::array<std::string_view, 4> kWrappers = {"module", "_orig_mod", "_fsdp_wrapped_module",
                                                       "_checkpoint_wrapped_module"};

// Where torch.save's files keep weights. Of Lightning's EMAWeightAveraging state_dict is the average, and what was
// trained stands beside it.
constexpr std::string_view kStateDict = "state_dict/", kCurrentState = "current_model_state/";
constexpr std::array<std::string_view, 5> kContainers = {kStateDict, kCurrentState, "model/", "ema/", "module/"};
constexpr std::array<std::string_view, 7> kStates = {"optimizer_states/", "optimizer/", "opt/",  "callbacks/",
                                                     "lr_schedulers/",    "loops/",     "hooks/"};

template <size_t N>
bool starts_with_one_of(std::string_view text, const std::array<std::string_view, N>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view each) { return text.starts_with(each); });
}

bool is_of_training(std::string_view name) {
  return std::any_of(std::begin(kTrainingPrefixes), std::end(kTrainingPrefixes),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

// Calls visit(part) with each part of a name between dots and slashes.
template <class Visit>
void each_part(std::string_view name, const Visit& visit) {
  for (size_t begin = 0; begin < name.size();) {
    const size_t end = std::min(name.find_first_of("./", begin), name.size());
    visit(name.substr(begin, end - begin), begin);
    begin = end + 1;
  }
}

size_t container_length(std::string_view name) {
  const size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? 0 : slash + 1;
}

// The name without wrappers behind its containers, which stay.
std::string unwrapped(std::string_view name) {
  const size_t length = container_length(name);
  std::string result(name.substr(0, length));
  each_part(name.substr(length), [&](std::string_view part, size_t begin) {
    if (std::find(kWrappers.begin(), kWrappers.end(), part) != kWrappers.end()) return;
    if (begin > 0 && result.size() > length) result += '.';
    result += part;
  });
  return result;
}

bool is_called_average(std::string_view prefix) {
  bool found = false;
  each_part(prefix, [&](std::string_view part, size_t) {
    found |= part == "ema" || part.starts_with("ema_") || part.ends_with("_ema") || part == "averaged_model";
  });
  return found;
}

// What stands before the parameters' names in one file.
class Prefixes {
 public:
  explicit Prefixes(const checkpoint::WeightsFile& file) : is_torch_(file.pickle() != nullptr) {
    const auto& entries = file.entries();
    has_containers_ = is_torch_ && std::any_of(entries.begin(), entries.end(), [](const StridedEntry& entry) {
                        return starts_with_one_of(entry.name, kContainers);
                      });
    is_averaged_ = is_torch_ && std::any_of(entries.begin(), entries.end(), [](const StridedEntry& entry) {
                     return entry.name.starts_with(kCurrentState);
                   });
    for (const StridedEntry& entry : entries) look_at_anchor(entry.name);
    is_pixnerd_ = average_ || other_;
    if (is_pixnerd_) return;
    has_containers_ = is_averaged_ || (is_torch_ && std::any_of(entries.begin(), entries.end(), [](const auto& entry) {
                                         return entry.name.starts_with(kStateDict);
                                       }));
    for (const StridedEntry& entry : entries) look_at_name(entry.name);
  }

  NamedEntry named(const StridedEntry& entry) const {
    const std::string name = is_pixnerd_ ? unwrapped(entry.name) : entry.name;
    const auto is_in = [&](const std::optional<std::string>& prefix) { return prefix && name.starts_with(*prefix); };
    const bool in_average = is_in(average_), in_other = is_in(other_);
    if (!is_of_training(name) && (in_average || in_other)) {
      const bool is_average = in_average && (!in_other || average_->size() > other_->size());
      const std::string parameter = name.substr((is_average ? average_ : other_)->size());
      if (is_average) return {WeightSet::ema, concat(kEmaPrefix, parameter), parameter, &entry};
      if (average_ || inner(*other_) == kTrainedPrefix) {
        return {WeightSet::trained, concat(kTrainedPrefix, parameter), parameter, &entry};
      }
      return {WeightSet::bare, parameter, parameter, &entry};
    }
    const std::string own(entry.name.substr(home_length(entry.name)));
    return {is_at_home(entry.name) ? WeightSet::beside : WeightSet::state, own, own, &entry};
  }

 private:
  std::string_view inner(std::string_view prefix) const { return prefix.substr(container_length(prefix)); }

  // Of several of a kind the published name counts, then the first.
  void add(std::string prefix) {
    const bool is_average =
        is_called_average(prefix) || (is_averaged_ && std::string_view(prefix).starts_with(kStateDict));
    std::optional<std::string>& chosen = is_average ? average_ : other_;
    const std::string_view published = is_average ? kEmaPrefix : kTrainedPrefix;
    if (!chosen || (inner(*chosen) != published && inner(prefix) == published)) chosen = std::move(prefix);
  }

  void look_at_anchor(const std::string& full) {
    if (!full.ends_with("weight") || full.find("s_embedder") == std::string::npos || is_of_training(full) ||
        starts_with_one_of(full, kStates))
      return;
    const std::string name = unwrapped(full);
    if (!name.ends_with(kAnchor)) return;
    const size_t length = name.size() - kAnchor.size();
    if (length > 0 && name[length - 1] != '.' && name[length - 1] != '/') return;
    add(name.substr(0, length));
  }

  // Of another network: by the names that are known, without wrappers.
  void look_at_name(std::string_view name) {
    if (has_containers_ && !starts_with_one_of(name, kContainers)) return;
    const std::string_view container = has_containers_ ? name.substr(0, name.find('/') + 1) : std::string_view();
    const std::string_view rest = name.substr(container.size());
    if (is_of_training(rest)) return;
    const std::string_view known = rest.starts_with(kEmaPrefix)       ? kEmaPrefix
                                   : rest.starts_with(kTrainedPrefix) ? kTrainedPrefix
                                                                      : std::string_view();
    add(concat(container, known));
  }

  // The container of weights that an entry stands in.
  size_t home_length(std::string_view name) const {
    return has_containers_ && starts_with_one_of(name, kContainers) ? name.find('/') + 1 : 0;
  }

  bool is_at_home(std::string_view name) const {
    if (!is_torch_) return true;
    if (is_averaged_) return name.starts_with(kStateDict);
    if (has_containers_) return starts_with_one_of(name, kContainers);
    return name.find('/') == std::string_view::npos;
  }

  bool is_torch_, has_containers_ = false, is_averaged_ = false, is_pixnerd_ = false;
  std::optional<std::string> average_, other_;
};

}  // namespace

std::vector<NamedEntry> named_entries(const checkpoint::WeightsFile& file) {
  const Prefixes prefixes(file);
  std::vector<NamedEntry> entries;
  entries.reserve(file.entries().size());
  std::set<std::string_view> names;
  const auto is_beside = [](const NamedEntry& each) { return each.set >= WeightSet::beside; };
  for (const StridedEntry& entry : file.entries()) {
    const NamedEntry& added = entries.emplace_back(prefixes.named(entry));
    if (is_beside(added) || names.insert(added.name).second) continue;
    throw CheckpointError(concat("checkpoint ", quoted(file.source()), ": ", printable(entry.name),
                                 " and another entry are the same parameter, ", printable(added.name)));
  }
  for (NamedEntry& each : entries) {  // another network's under the name of one that is taken
    if (each.set == WeightSet::beside && !names.insert(each.name).second) each.set = WeightSet::state;
  }
  return entries;
}

bool has(const std::vector<NamedEntry>& entries, WeightSet set) {
  return std::any_of(entries.begin(), entries.end(), [&](const NamedEntry& entry) { return entry.set == set; });
}

WeightSet choose(const std::vector<NamedEntry>& entries, Weights which, const std::string& source) {
  const auto fail = [&](const auto&... what) {
    throw CheckpointError(concat("checkpoint ", quoted(source), ": ", what...));
  };
  const bool has_ema = has(entries, WeightSet::ema), has_trained = has(entries, WeightSet::trained);
  if (has(entries, WeightSet::bare)) return WeightSet::bare;
  if (has_ema && which != Weights::trained) return WeightSet::ema;
  if (has_trained && which != Weights::ema) return WeightSet::trained;
  if (!has_ema && !has_trained) fail("holds no weights of a network");
  fail(which == Weights::ema ? "has no averaged weights (ema_denoiser.*)"
                             : "has averaged weights (ema_denoiser.*) only, no denoiser.*");
  return WeightSet::bare;
}

std::string note_on_names(const std::vector<NamedEntry>& entries, WeightSet set) {
  const auto first = std::find_if(entries.begin(), entries.end(), [&](const auto& each) { return each.set == set; });
  if (first == entries.end()) return "";
  const std::string_view name = first->entry->name;
  if (name.starts_with(kCurrentState))
    return "its current_model_state are the trained weights, its state_dict the average";
  const std::string_view rest = name.substr(name.starts_with(kStateDict) ? kStateDict.size() : 0);
  if (rest == first->name) return "";
  if (set == WeightSet::ema && rest == concat(kTrainedPrefix, first->parameter)) return "its state_dict is the average";
  if (!rest.ends_with(first->parameter)) return "its parameters' names have wrappers in them, which are left out";
  return concat("its parameters' names begin with '", printable(rest.substr(0, rest.size() - first->parameter.size())),
                "', which is left out");
}

}  // namespace pixnerd::sample
