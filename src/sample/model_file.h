// A safetensors file that is enough to sample from: weights, and in its metadata what network they are of.
//
// The entries are `ema_denoiser.<parameter>`, `denoiser.<parameter>` or the bare `<parameter>`. What training keeps
// beside them, `optimizer.*` and `diffusion_trainer.*`, is passed over; any other entry is refused.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/safetensors.h"
#include "config/schema.h"
#include "models/c2i_config.h"
#include "models/network.h"
#include "sample/config.h"

namespace pixnerd::sample {

// The prefixes of entries, with their dot.
inline constexpr std::string_view kEmaPrefix = "ema_denoiser.";
inline constexpr std::string_view kTrainedPrefix = "denoiser.";
inline constexpr std::string_view kTrainingPrefixes[] = {"optimizer.", "diffusion_trainer."};

// Travels as YAML in the metadata under "pixnerd.config".
struct ModelDescription {
  models::C2IConfig model;
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

enum class Weights { prefer_ema, ema, trained };

struct ModelFile {
  ModelDescription description;
  std::shared_ptr<models::Network> network;  // on the CPU, float32, its parameters aliasing the mapped file
  int64_t step = 0;                          // of training; "pixnerd.step" in the metadata, 0 if absent
  std::string weights;                       // which were taken: "ema_denoiser", "denoiser", or "" for bare names
};

// One set of weights of a file, under their parameters' own names.
struct StoredWeights {
  std::map<std::string, at::Tensor> tensors;  // alias the mapped file
  checkpoint::Metadata metadata;
  std::string name;  // as ModelFile::weights
};

// `prefer_ema` takes the average where there is one; a file of bare names has one set of weights, which serves for all.
// Throws DataError if the file cannot be opened, CheckpointError if it is malformed, has no description, lacks the
// weights asked for, or its entries are not the parameters of the network it describes.
ModelFile load_model(const std::filesystem::path& path, Weights which = Weights::prefer_ema);

// The same without looking at what network they are of: a file without description will do.
StoredWeights load_weights(const std::filesystem::path& path, Weights which = Weights::prefer_ema);

// What a file says of itself, from its header alone. Errors as load_model's.
ModelDescription read_description(const checkpoint::Metadata& metadata, const std::string& source);
int64_t read_step(const checkpoint::Metadata& metadata, const std::string& source);

// The inverse: what a writer puts into the metadata.
checkpoint::Metadata describe(const ModelDescription& description, int64_t step);

}  // namespace pixnerd::sample
