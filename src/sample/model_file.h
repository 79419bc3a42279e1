// A file that is enough to sample from: weights, and what network they are of. Files that pixnerd wrote say so in their
// metadata; of others, such as official checkpoints, it is told from the shapes.
//
// The entries are `ema_denoiser.<parameter>`, `denoiser.<parameter>` or the bare `<parameter>`, or stand behind another
// prefix (weight_sets.h), which is said. Whatever stands beside them is passed over, and said unless it is training's.
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
#include "sample/guess_config.h"
#include "sample/picture.h"
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
  std::optional<int64_t> step;               // of training, if the file says
  std::string weights;                       // which were taken: "ema_denoiser", "denoiser", or "" for bare names
};

// One set of weights of a file, under their parameters' own names.
struct StoredWeights {
  std::map<std::string, at::Tensor> tensors;     // floating-point and int8 ones; alias the mapped file
  std::map<std::string, checkpoint::DType> odd;  // types of the others
  Shapes shapes;                                 // of all
  checkpoint::Metadata metadata;
  std::string name;    // as ModelFile::weights
  std::string source;  // path of the file
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

// CheckpointError if one of the network's parameters is an odd tensor of the file.
void require_computable(const StoredWeights& weights, const checkpoint::NamedTensors& parameters);

// What a file says of itself in its metadata; nothing if it says nothing. Errors as load_model's.
std::optional<ModelDescription> read_description(const checkpoint::Metadata& metadata, const std::string& source);
std::optional<int64_t> read_step(const checkpoint::Metadata& metadata, const std::string& source);

// What a file says of its network, or what its parameters' shapes tell; nothing if they are of no known network.
std::optional<ModelDescription> describe_weights(const StoredWeights& weights);

// What is taken for granted of a network of these sizes whose file says no more: a picture of 256x256, or 512x512 from
// text, the sampler's settings as published, and of 1000 classes that they are ImageNet's.
ModelDescription describe_guess(const models::ModelConfig& config);
std::string said_of_guess(const ModelDescription& guessed);  // the same in words, for a message

// The inverse: what a writer puts into the metadata.
checkpoint::Metadata describe(const ModelDescription& description, int64_t step);

}  // namespace pixnerd::sample
