// A file that is enough to sample from: weights, and what network they are of. Files that pixnerd wrote say so in their
// metadata; of others, such as official checkpoints, it is told from the shapes.
//
// The entries are `ema_denoiser.<parameter>`, `denoiser.<parameter>` or the bare `<parameter>`. What training keeps
// beside them, `optimizer.*` and `diffusion_trainer.*`, is passed over, as is everything outside of the state_dict of a
// PyTorch file; any other entry is refused.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/safetensors.h"
#include "config/schema.h"
#include "models/config.h"
#include "models/network.h"
#include "sample/config.h"
#include "sample/weight_sets.h"

namespace pixnerd::sample {

// Keys of the metadata.
inline constexpr const char* kConfigKey = "pixnerd.config";
inline constexpr const char* kStepKey = "pixnerd.step";

// Travels as YAML in the metadata under kConfigKey.
struct ModelDescription {
  models::ModelConfig model;
  SampleConfig sample;
  std::vector<std::string> classes;  // names of the labels 0, 1, ...; empty where they have none
  std::vector<std::string> styles;   // names of the second labels, in the same way

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("model", self.model, "sizes of the network");
    visit("sample", self.sample, "how it is sampled unless the caller says otherwise");
    visit("classes", self.classes, "the classes' names in the order of their labels, or none");
    visit("styles", self.styles, "the styles' names in the order of their labels, or none");
  }

  // ConfigError unless there is one name for each class and style, all different, or none at all.
  void validate() const;
};

struct ModelFile {
  ModelDescription description;
  std::shared_ptr<models::Network> network;  // on the CPU, float32, its parameters aliasing the mapped file
  int64_t step = 0;                          // of training; 0 if the file does not say
  std::string weights;                       // which were taken: "ema_denoiser", "denoiser", or "" for bare names
};

// One set of weights of a file, under their parameters' own names.
struct StoredWeights {
  std::map<std::string, at::Tensor> tensors;  // alias the mapped file
  checkpoint::Metadata metadata;
  std::string name;  // as ModelFile::weights
};

// `prefer_ema` takes the average where there is one; a file of bare names has one set of weights, which serves for all.
// What had to be guessed is logged. `decoder`, t2i or t2i_heavy, takes the place of the one that a text-to-image
// network's file states or that is taken for granted: both have the same parameters. Throws DataError if the file
// cannot be opened, CheckpointError if it is malformed, lacks the weights asked for, is of a network that is not known,
// or its entries are not the parameters of its network.
ModelFile load_model(const std::filesystem::path& path, Weights which = Weights::prefer_ema,
                     const checkpoint::PickleOptions& options = {},
                     std::optional<models::ModelType> decoder = std::nullopt);

// The same without looking at what network they are of.
StoredWeights load_weights(const std::filesystem::path& path, Weights which = Weights::prefer_ema,
                           const checkpoint::PickleOptions& options = {});

// What a file says of itself in its metadata; nothing if it says nothing. Errors as load_model's.
std::optional<ModelDescription> read_description(const checkpoint::Metadata& metadata, const std::string& source);
int64_t read_step(const checkpoint::Metadata& metadata, const std::string& source);

// What is taken for granted of a network of these sizes whose file says no more: a picture of 256x256, or 512x512 from
// text, and the sampler's settings as published.
ModelDescription describe_guess(const models::ModelConfig& config);

// The inverse: what a writer puts into the metadata.
checkpoint::Metadata describe(const ModelDescription& description, int64_t step);

}  // namespace pixnerd::sample
