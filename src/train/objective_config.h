// What a run minimises beside flow matching's loss: the `repa:` and `dispersive:` sections of its configuration.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/schema.h"
#include "models/precision.h"

namespace pixnerd::train {

struct RepaConfig {
  double weight = 0.0;
  int64_t block = 8;
  std::string teacher;
  std::optional<int64_t> hidden_size;
  models::Precision precision = models::Precision::bfloat16;
  std::string features;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("weight", self.weight, "of mean(1 - cos) between projected tokens and DINOv2's; 0 does without",
          config::at_least(0.0));
    visit("block", self.block, "transformer block whose tokens are projected, from 1", config::at_least(1));
    visit("teacher", self.teacher, "DINOv2's weights: dinov2_vitb14_pretrain.pth, or any file of them");
    visit("hidden_size", self.hidden_size, "width inside the projector; none takes the network's", config::at_least(1));
    visit("precision", self.precision, "arithmetic of DINOv2: bfloat16 or float32");
    visit("features", self.features,
          "folder for DINOv2's tokens of all pictures, computed before the first step and read from then on; \"\" "
          "computes them in every step");
  }
  void validate() const;  // ConfigError: int8, or a weight without a teacher
};

struct DispersiveConfig {
  double weight = 0.0;
  int64_t block = 8;
  double temperature = 1.0;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("weight", self.weight, "of the dispersive loss on a block's tokens; 0 does without", config::at_least(0.0));
    visit("block", self.block, "transformer block whose tokens are kept apart, from 1", config::at_least(1));
    visit("temperature", self.temperature, "tau of exp(-distance^2 / tau)", config::positive());
  }
};

}  // namespace pixnerd::train
