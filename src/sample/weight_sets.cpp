#include "sample/weight_sets.h"

#include <algorithm>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::sample {
namespace {

constexpr std::string_view kStateDict = "state_dict/";

bool take(std::string_view& name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  return true;
}

NamedEntry named(const checkpoint::StridedEntry& entry, bool in_state_dict) {
  NamedEntry result{WeightSet::bare, entry.name, {}, &entry};
  if (in_state_dict && !take(result.name, kStateDict)) result.set = WeightSet::state;
  result.parameter = result.name;
  if (result.set == WeightSet::state) return result;
  if (take(result.parameter, kEmaPrefix)) {
    result.set = WeightSet::ema;
  } else if (take(result.parameter, kTrainedPrefix)) {
    result.set = WeightSet::trained;
  } else if (std::any_of(std::begin(kTrainingPrefixes), std::end(kTrainingPrefixes),
                         [&](std::string_view prefix) { return result.name.starts_with(prefix); })) {
    result.set = WeightSet::beside;
  }
  return result;
}

}  // namespace

std::vector<NamedEntry> named_entries(const checkpoint::WeightsFile& file) {
  const bool in_state_dict =
      file.pickle() != nullptr && std::any_of(file.entries().begin(), file.entries().end(),
                                              [](const auto& entry) { return entry.name.starts_with(kStateDict); });
  std::vector<NamedEntry> entries;
  entries.reserve(file.entries().size());
  for (const checkpoint::StridedEntry& entry : file.entries()) entries.push_back(named(entry, in_state_dict));
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
  const auto is_bare = [](const NamedEntry& entry) { return entry.set == WeightSet::bare; };
  const auto bare = std::find_if(entries.begin(), entries.end(), is_bare);
  if (bare != entries.end()) {
    if (!has_ema && !has_trained) return WeightSet::bare;
    const auto more = std::count_if(entries.begin(), entries.end(), is_bare) - 1;
    fail(printable(bare->name), " belongs neither to the weights (", kTrainedPrefix, "*, ", kEmaPrefix,
         "*) nor to the training state", more > 0 ? concat(" (and ", more, " more)") : "");
  }
  if (has_ema && which != Weights::trained) return WeightSet::ema;
  if (has_trained && which != Weights::ema) return WeightSet::trained;
  if (!has_ema && !has_trained) fail("holds no weights of a network");
  fail(which == Weights::ema ? "has no averaged weights (ema_denoiser.*)"
                             : "has averaged weights (ema_denoiser.*) only, no denoiser.*");
  return WeightSet::bare;
}

}  // namespace pixnerd::sample
