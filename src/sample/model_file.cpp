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
#include "core/log.h"
#include "core/text.h"
#include "sample/diffusers_scheduler.h"
#include "sample/label_names.h"

namespace pixnerd::sample {
namespace {

constexpr const char* kLightningStepKey = "global_step";
constexpr const char* kOtherStepKeys[] = {"global_steps", "train_steps", "steps",
                                          "step"};  // of other training programs

CheckpointError error_in(const std::string& source, const std::string& what) {
  return CheckpointError(concat("checkpoint ", quoted(source), ": ", what));
}

// Of types that networks are computed with, and of the matrices of int8 files.
bool is_computable(checkpoint::DType dtype) {
  return checkpoint::is_floating(dtype) || dtype == checkpoint::DType::I8;
}

// Tensors of a set, under their parameters' own names and in row-major order.
void take_tensors(const std::shared_ptr<const checkpoint::WeightsFile>& file, const std::vector<NamedEntry>& entries,
                  WeightSet set, StoredWeights& weights) {
  for (const NamedEntry& entry : entries) {
    if (entry.set != set) continue;
    if (is_computable(entry.entry->dtype)) {
      weights.tensors.emplace(entry.parameter, checkpoint::tensor_of(file, *entry.entry).contiguous());
    } else {
      weights.odd.emplace(entry.parameter, entry.entry->dtype);
    }
  }
}

// What is unusual about the names, and what other modules' tensors are there.
void tell_of_names(const std::vector<NamedEntry>& entries, WeightSet set, const std::string& source) {
  const std::string note = note_on_names(entries, set);
  if (!note.empty()) log_info(concat(quoted(source), ": ", note));
  size_t count = 0;
  const NamedEntry* first = nullptr;
  for (const NamedEntry& entry : entries) {
    const auto is_of = [&](std::string_view prefix) { return entry.name.starts_with(prefix); };
    if (entry.set != WeightSet::beside ||
        std::any_of(std::begin(kTrainingPrefixes), std::end(kTrainingPrefixes), is_of)) {
      continue;
    }
    if (count++ == 0) first = &entry;
  }
  if (count == 0) return;
  log_info(concat(quoted(source), ": ", printable(first->name),
                  count > 1 ? concat(" and ", count - 1, " more tensors are") : " is",
                  " no part of the network and passed over"));
}

std::string name_of(WeightSet set) {
  return set == WeightSet::ema ? "ema_denoiser" : set == WeightSet::trained ? "denoiser" : "";
}

// What network weights are of that no metadata describes; says what was guessed.
ModelDescription guess(const StoredWeights& weights) {
  const std::optional<ModelDescription> guessed = describe_weights(weights);
  if (!guessed) {
    throw error_in(weights.source, concat("has no '", kConfigKey,
                                          "' in its metadata, and its names and shapes are of no network that pixnerd "
                                          "knows; `pixnerd info --tensors` lists what it holds"));
  }
  log_info(concat(quoted(weights.source), " does not say what network it holds; ", said_of_guess(*guessed)));
  return *guessed;
}

// A file of the plain network says nothing of the heavy decoder's tokens, and the published number of pixels need not
// be in whole patches.
void set_decoder(models::ModelConfig& config, models::ModelType decoder) {
  if (config.type == decoder) return;
  config.type = decoder;
  config.decoder_base_size = models::whole_patches(config.decoder_base_size, config.patch_size);
}

// Parameters take no memory until they are written to, so a description that is out of proportion costs nothing
// unless a single one of them is more than the machine could ever give.
std::shared_ptr<models::Network> build(const models::ModelConfig& config, const std::string& source) {
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
    if (!seen.insert(name).second) throw ConfigError(concat(key, " names ", quoted(name), " twice"));
  }
}

}  // namespace

void ModelDescription::validate() const {
  if (model.takes_text() && !(classes.empty() && styles.empty())) {
    throw ConfigError("a text-to-image network has no classes or styles");
  }
  check_names("classes", classes, "model.num_classes", model.num_classes);
  check_names("styles", styles, "model.num_styles", model.num_styles);
}

std::optional<ModelDescription> read_description(const checkpoint::Metadata& metadata, const std::string& source) {
  const auto text = metadata.find(kConfigKey);
  if (text == metadata.end()) return std::nullopt;
  ModelDescription description;
  try {
    config::read(config::parse(text->second, kConfigKey), description);
  } catch (const ConfigError& error) {
    throw error_in(source, error.what());
  }
  return description;
}

ModelDescription describe_guess(const models::ModelConfig& config) {
  ModelDescription description;
  description.model = config;
  diffusion::SamplerConfig& sampler = description.sample.sampler;
  int64_t wanted = 256;
  if (config.takes_text()) {
    wanted = 512;
    sampler.solver = diffusion::SolverKind::adams;
    sampler.order = 2;
    sampler.steps = 25;
    sampler.guidance = 4.0;
    sampler.timeshift = 3.0;
  } else {
    sampler.guidance = 3.5;
    sampler.guidance_interval = {0.1, 1.0};
  }
  const int64_t side = models::whole_patches(wanted, config.patch_size);
  description.sample.size = {side, side};
  description.classes = class_names(description);
  return description;
}

std::string said_of_guess(const ModelDescription& guessed) {
  const auto [width, height] = guessed.sample.size;
  return concat("guessed from its shapes: ", describe(guessed.model), "; taken for granted: it predicts the velocity",
                guessed.model.takes_text() ? ", the heavy decoder (--decoder)" : "",
                guessed.classes.empty() ? "" : ", its classes are ImageNet's", ", pictures of ", width, "x", height,
                " (--size), guidance ", guessed.sample.sampler.guidance, " (--guidance)");
}

std::optional<ModelDescription> describe_weights(const StoredWeights& weights) {
  if (auto stated = read_description(weights.metadata, weights.source)) return stated;
  const std::optional<models::ModelConfig> guessed = guess_config(weights.shapes);
  return guessed ? std::optional(describe_guess(*guessed)) : std::nullopt;
}

void require_computable(const StoredWeights& weights, const checkpoint::NamedTensors& parameters) {
  for (const auto& [name, parameter] : parameters) {
    const auto found = weights.odd.find(name);
    if (found == weights.odd.end()) continue;
    throw error_in(weights.source, concat(printable(name), " is ", checkpoint::name_of(found->second),
                                          ", which no network here is computed with; save it in float32 or bfloat16"));
  }
}

std::optional<int64_t> read_step(const checkpoint::Metadata& metadata, const std::string& source) {
  const auto number_in = [](const std::string& text) -> std::optional<int64_t> {
    int64_t step = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), step);
    if (error != std::errc{} || end != text.data() + text.size() || step < 0) return std::nullopt;
    return step;
  };
  for (const char* key : {kStepKey, kLightningStepKey}) {
    const auto found = metadata.find(key);
    if (found == metadata.end()) continue;
    if (const auto step = number_in(found->second)) return step;
    throw error_in(source, concat(key, " must be a whole number of at least 0, not ", quoted(found->second)));
  }
  for (const char* key : kOtherStepKeys) {
    const auto found = metadata.find(key);
    if (found == metadata.end()) continue;
    if (const auto step = number_in(found->second)) return step;
  }
  return std::nullopt;
}

checkpoint::Metadata describe(const ModelDescription& description, int64_t step) {
  return {{kConfigKey, config::dump(description)}, {kStepKey, concat(step)}};
}

StoredWeights load_weights(const std::filesystem::path& path, Weights which, const checkpoint::PickleOptions& options) {
  const auto file = checkpoint::WeightsFile::open(path, options);
  const std::vector<NamedEntry> entries = named_entries(*file);
  const WeightSet set = choose(entries, which, file->source());
  tell_of_names(entries, set, file->source());
  StoredWeights weights{{}, {}, shapes_of(entries, set), file->metadata(), name_of(set), file->source()};
  take_tensors(file, entries, set, weights);
  file->require_unchanged();  // of tensors that are not in the file as they are needed, copies were made
  return weights;
}

ModelFile load_model(const std::filesystem::path& path, Weights which, const checkpoint::PickleOptions& options,
                     std::optional<models::ModelType> decoder) {
  const StoredWeights weights = load_weights(path, which, options);
  const std::string& source = weights.source;
  ModelFile file;
  const std::optional<ModelDescription> stated = read_description(weights.metadata, source);
  file.description = stated ? *stated : guess(weights);
  if (!stated) take_scheduler(source, file.description.sample);
  if (decoder) {
    if (!file.description.model.takes_text()) throw error_in(source, "is class-conditional: it has one decoder only");
    set_decoder(file.description.model, *decoder);
  }
  file.step = read_step(weights.metadata, source);
  file.weights = weights.name;
  file.network = build(file.description.model, source);
  require_computable(weights, file.network->parameters());
  file.network->adopt(weights.tensors, source);
  checkpoint::require_unchanged(weights.tensors);
  return file;
}

}  // namespace pixnerd::sample
