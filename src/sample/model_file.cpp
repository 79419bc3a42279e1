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
#include "sample/guess_config.h"

namespace pixnerd::sample {
namespace {

constexpr const char* kLightningStepKey = "global_step";

CheckpointError error_in(const std::string& source, const std::string& what) {
  return CheckpointError(concat("checkpoint ", quoted(source), ": ", what));
}

// Tensors of a set, under their parameters' own names and in row-major order.
std::map<std::string, at::Tensor> tensors_of(const std::shared_ptr<const checkpoint::WeightsFile>& file,
                                             const std::vector<NamedEntry>& entries, WeightSet set) {
  std::map<std::string, at::Tensor> tensors;
  for (const NamedEntry& entry : entries) {
    if (entry.set == set) {
      tensors.emplace(entry.parameter, checkpoint::tensor_of(file, *entry.entry).contiguous());
    }
  }
  return tensors;
}

std::string name_of(WeightSet set) {
  return set == WeightSet::ema ? "ema_denoiser" : set == WeightSet::trained ? "denoiser" : "";
}

// What network weights are of that no metadata describes; says what was guessed.
ModelDescription guess(const std::map<std::string, at::Tensor>& tensors, const std::string& source) {
  Shapes shapes;
  for (const auto& [name, tensor] : tensors) shapes.emplace(name, tensor.sizes().vec());
  const std::optional<models::ModelConfig> guessed = guess_config(shapes);
  if (!guessed) {
    throw error_in(source, concat("has no '", kConfigKey,
                                  "' in its metadata, and its names and shapes are of no network that pixnerd knows; "
                                  "`pixnerd info` lists what it holds"));
  }
  const ModelDescription description = describe_guess(*guessed);
  const auto [width, height] = description.sample.size;
  const char* decoder = guessed->takes_text() ? ", the heavy decoder (--decoder)" : "";
  log_info(concat(quoted(source), " does not say what network it holds; guessed from its shapes: ", describe(*guessed),
                  "; taken for granted: it predicts the velocity", decoder, ", pictures of ", width, "x", height,
                  " (--size), guidance ", description.sample.sampler.guidance, " (--guidance)"));
  return description;
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
  return description;
}

int64_t read_step(const checkpoint::Metadata& metadata, const std::string& source) {
  auto found = metadata.find(kStepKey);
  if (found == metadata.end()) found = metadata.find(kLightningStepKey);
  if (found == metadata.end()) return 0;
  const std::string& text = found->second;
  int64_t step = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), step);
  if (error != std::errc{} || end != text.data() + text.size() || step < 0) {
    throw error_in(source, concat(found->first, " must be a whole number of at least 0, not ", quoted(text)));
  }
  return step;
}

checkpoint::Metadata describe(const ModelDescription& description, int64_t step) {
  return {{kConfigKey, config::dump(description)}, {kStepKey, concat(step)}};
}

StoredWeights load_weights(const std::filesystem::path& path, Weights which, const checkpoint::PickleOptions& options) {
  const auto file = checkpoint::WeightsFile::open(path, options);
  const std::vector<NamedEntry> entries = named_entries(*file);
  const WeightSet set = choose(entries, which, file->source());
  StoredWeights weights{tensors_of(file, entries, set), file->metadata(), name_of(set)};
  file->require_unchanged();  // of tensors that are not in the file as they are needed, copies were made
  return weights;
}

ModelFile load_model(const std::filesystem::path& path, Weights which, const checkpoint::PickleOptions& options,
                     std::optional<models::ModelType> decoder) {
  const std::string source = path.string();
  const StoredWeights weights = load_weights(path, which, options);
  ModelFile file;
  const std::optional<ModelDescription> stated = read_description(weights.metadata, source);
  file.description = stated ? *stated : guess(weights.tensors, source);
  if (decoder) {
    if (!file.description.model.takes_text()) throw error_in(source, "is class-conditional: it has one decoder only");
    set_decoder(file.description.model, *decoder);
  }
  file.step = read_step(weights.metadata, source);
  file.weights = weights.name;
  file.network = build(file.description.model, source);
  file.network->adopt(weights.tensors, source);
  checkpoint::require_unchanged(weights.tensors);
  return file;
}

}  // namespace pixnerd::sample
