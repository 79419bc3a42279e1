// Files of random weights, as `pixnerd convert --dtype` writes them: time and memory do not depend on the values.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

#include "checkpoint/tensors.h"
#include "config/builtin.h"
#include "core/text.h"
#include "diffusion/noise.h"
#include "models/int8_layers.h"
#include "nn/quantised.h"
#include "sample/model_file.h"
#include "train/config.h"

namespace pixnerd::bench {

// A folder that goes with its object.
struct TemporaryFolder {
  TemporaryFolder() { std::filesystem::create_directory(path); }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::filesystem::path path = std::filesystem::temp_directory_path() / concat("pixnerd-bench-", ::getpid());
};

inline sample::ModelDescription builtin_description(const std::string& name) {
  const train::RunConfig config = train::read_run_config(config::parse(*config::builtin(name), name));
  sample::ModelDescription description;
  description.model = config.model;
  if (!config.model.takes_text() && config.model.num_classes == 0) description.model.num_classes = 1000;
  description.sample = config.sample;
  return description;
}

inline void write_random_weights(const sample::ModelDescription& description, models::Precision precision,
                                 const std::filesystem::path& path) {
  const auto network = models::make_network(description.model);
  at::Generator generator = diffusion::seeded_generator(1);
  network->initialise(generator);
  checkpoint::NamedTensors tensors;
  for (const auto& [name, tensor] : network->parameters()) {
    const bool matrix = models::is_matrix(name, tensor.dim());
    if (precision == models::Precision::float32 || !matrix) {
      tensors.emplace_back(name, tensor);
    } else if (precision == models::Precision::int8 && models::int8_file_type(name, tensor.sizes()) == at::kChar) {
      const nn::QuantisedWeight bytes = nn::quantise_weight(tensor);
      tensors.emplace_back(name, bytes.values);
      tensors.emplace_back(name + "_scale", bytes.scales);
    } else {
      tensors.emplace_back(name, tensor.to(at::kBFloat16));
    }
  }
  checkpoint::save_safetensors(path, tensors, sample::describe(description, 0));
}

}  // namespace pixnerd::bench
