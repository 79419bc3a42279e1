#include "sample/model_file.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <new>
#include <optional>
#include <set>

#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::sample {
namespace {

constexpr const char* kConfigKey = "pixnerd.config";
constexpr const char* kStepKey = "pixnerd.step";

using Tensors = std::map<std::string, at::Tensor>;

CheckpointError error_in(const std::string& source, const std::string& what) {
  return CheckpointError(concat("checkpoint '", source, "': ", what));
}

// The sets of weights in a file, each under its parameters' own names.
struct WeightSets {
  Tensors ema, trained, bare;
};

bool take(const std::pair<const std::string, at::Tensor>& entry, std::string_view prefix, Tensors& into) {
  if (!entry.first.starts_with(prefix)) return false;
  into.emplace(entry.first.substr(prefix.size()), entry.second);
  return true;
}

WeightSets sort_entries(const Tensors& entries, const std::string& source) {
  WeightSets sets;
  for (const auto& entry : entries) {
    const bool of_training = std::any_of(std::begin(kTrainingPrefixes), std::end(kTrainingPrefixes),
                                         [&](std::string_view prefix) { return entry.first.starts_with(prefix); });
    if (of_training || take(entry, kEmaPrefix, sets.ema) || take(entry, kTrainedPrefix, sets.trained)) continue;
    sets.bare.insert(entry);
  }
  if (!sets.bare.empty() && !(sets.ema.empty() && sets.trained.empty())) {
    const size_t more = sets.bare.size() - 1;
    throw error_in(
        source, concat(printable(sets.bare.begin()->first), " belongs neither to the weights (", kTrainedPrefix, "*, ",
                       kEmaPrefix, "*) nor to the training state", more > 0 ? concat(" (and ", more, " more)") : ""));
  }
  return sets;
}

StoredWeights choose(WeightSets sets, Weights which, const std::string& source) {
  if (!sets.bare.empty()) return {std::move(sets.bare), {}, ""};
  const bool has_ema = !sets.ema.empty(), has_trained = !sets.trained.empty();
  if (has_ema && which != Weights::trained) return {std::move(sets.ema), {}, "ema_denoiser"};
  if (has_trained && which != Weights::ema) return {std::move(sets.trained), {}, "denoiser"};
  if (!has_ema && !has_trained) throw error_in(source, "holds no weights of a network");
  throw error_in(source, which == Weights::ema ? "has no averaged weights (ema_denoiser.*)"
                                               : "has averaged weights (ema_denoiser.*) only, no denoiser.*");
}

// Parameters take no memory until they are written to, so a description that is out of proportion costs nothing
// unless a single one of them is more than the machine could ever give.
std::shared_ptr<models::Network> build(const models::C2IConfig& config, const std::string& source) {
  try {
    return models::make_network(config);
  } catch (const c10::Error&) {
    throw error_in(source, "the network it describes does not fit into memory");
  } catch (const std::bad_alloc&) {
    throw error_in(source, "the network it describes does not fit into memory");
  }
}

void check_names(const char* key, const std::vector<std::string>& names, const char* count_key, int64_t count) {
  if (names.empty()) return;
  if (static_cast<int64_t>(names.size()) != count) {
    throw ConfigError(concat(key, " has ", names.size(), " names, but ", count_key, " is ", count));
  }
  std::set<std::string_view> seen;
  for (const std::string& name : names) {
    if (!seen.insert(name).second) throw ConfigError(concat(key, " names '", printable(name), "' twice"));
  }
}

}  // namespace

void ModelDescription::validate() const {
  check_names("classes", classes, "model.num_classes", model.num_classes);
  check_names("styles", styles, "model.num_styles", model.num_styles);
}

ModelDescription read_description(const checkpoint::Metadata& metadata, const std::string& source) {
  const auto text = metadata.find(kConfigKey);
  if (text == metadata.end()) {
    throw error_in(source, concat("is a safetensors file, but its metadata has no '", kConfigKey,
                                  "', so which network it is of is not known; use a file that pixnerd wrote"));
  }
  ModelDescription description;
  try {
    config::read(config::parse(text->second, kConfigKey), description);
  } catch (const ConfigError& error) {
    throw error_in(source, error.what());
  }
  return description;
}

int64_t read_step(const checkpoint::Metadata& metadata, const std::string& source) {
  const auto found = metadata.find(kStepKey);
  if (found == metadata.end()) return 0;
  const std::string& text = found->second;
  int64_t step = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), step);
  if (error != std::errc{} || end != text.data() + text.size() || step < 0) {
    throw error_in(source, concat(kStepKey, " must be a whole number of at least 0, not '", printable(text), "'"));
  }
  return step;
}

checkpoint::Metadata describe(const ModelDescription& description, int64_t step) {
  return {{kConfigKey, config::dump(description)}, {kStepKey, concat(step)}};
}

StoredWeights load_weights(const std::filesystem::path& path, Weights which) {
  const std::string source = path.string();
  checkpoint::Loaded loaded = checkpoint::load_safetensors(path);
  StoredWeights weights = choose(sort_entries(loaded.tensors, source), which, source);
  weights.metadata = std::move(loaded.metadata);
  return weights;
}

ModelFile load_model(const std::filesystem::path& path, Weights which) {
  const std::string source = path.string();
  const StoredWeights weights = load_weights(path, which);
  ModelFile file;
  file.description = read_description(weights.metadata, source);
  file.step = read_step(weights.metadata, source);
  file.weights = weights.name;
  file.network = build(file.description.model, source);
  file.network->adopt(weights.tensors, source);
  return file;
}

}  // namespace pixnerd::sample
