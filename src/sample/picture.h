// One picture that is asked for: everything that a user says of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/config.h"

namespace pixnerd::sample {

using engine::PictureSize;
using engine::SampleConfig;

struct PictureRequest {
  std::optional<int64_t> label, style;  // of a network of classes: 0 .. num_classes, the last is the null class
  std::optional<std::string> prompt;    // of a text-to-image network, in place of a label
  std::string negative_prompt;          // what guidance leads away from, of a prompt
  uint64_t seed = 0;
  std::shared_ptr<const SampleConfig> settings;  // of many pictures, as a rule
};

// The prompts and negative prompts, each once.
std::vector<std::string> texts_of(const std::vector<PictureRequest>& pictures);

}  // namespace pixnerd::sample
