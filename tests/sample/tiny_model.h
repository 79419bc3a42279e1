// What this folder's tests and those of tests/cli share: a network small enough to run in milliseconds, and files of
// it.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "checkpoint/tensors.h"
#include "diffusion/noise.h"
#include "models/network.h"
#include "sample/model_file.h"
#include "tests/models/tiny.h"

namespace pixnerd::sample {

inline ModelDescription tiny_description() {
  ModelDescription description;
  description.model = models::tiny_config();
  description.sample.size = {8, 12};
  description.sample.sampler.steps = 4;
  description.classes = {"apple", "pear", "hot dog"};
  return description;
}

inline checkpoint::NamedTensors prefixed(std::string_view prefix, const checkpoint::NamedTensors& parameters) {
  checkpoint::NamedTensors entries;
  for (const auto& [name, parameter] : parameters) entries.emplace_back(std::string(prefix) + name, parameter);
  return entries;
}

// A file as training leaves it: averaged weights only.
inline void write_tiny_model(const std::filesystem::path& path, const ModelDescription& description,
                             uint64_t seed = 1) {
  const auto network = models::random_network(description.model, seed);
  checkpoint::save_safetensors(path, prefixed(kEmaPrefix, network->parameters()), describe(description, 120));
}

}  // namespace pixnerd::sample
