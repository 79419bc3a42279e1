// What a run minimises beside flow matching's loss: the `repa:`, `dispersive:`, `frequency:` and `perceptual:` sections
// of its configuration.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

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

// Whose errors are looked at by their frequencies: those of the velocity, or of the picture x + (1 - t) v, which are
// 1 - t times as large.
enum class FrequencyErrors { velocity, image };
std::span<const std::pair<const char*, FrequencyErrors>> enum_names(FrequencyErrors);

struct FrequencyConfig {
  double weight = 0.0;
  FrequencyErrors of = FrequencyErrors::velocity;
  double quality = 85.0;
  double from = 0.0;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("weight", self.weight, "of the squared errors of 8 x 8 DCTs, as JPEG weighs them; 0 does without",
          config::at_least(0.0));
    visit("of", self.of, "errors of the velocity, or of the image that it leads to, which count for less as t grows");
    visit("quality", self.quality, "of JPEG's table; the lower, the less fine detail counts",
          config::between(1.0, 100.0));
    visit("from", self.from, "times from which it counts", config::between(0.0, 1.0));
  }
};

struct PerceptualConfig {
  double weight = 0.0;
  std::string network;
  double from = 0.3;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("weight", self.weight,
          "of the distance of EfficientNet-Lite0's features between the image that the velocity leads to and the real "
          "one; 0 does without",
          config::at_least(0.0));
    visit("network", self.network, "EfficientNet-Lite0's weights: efficientnet-lite0.pth, or any file of them");
    visit("from", self.from, "times from which it counts: nearer the noise there is little to be seen",
          config::between(0.0, 1.0));
  }
  void validate() const;  // ConfigError: a weight without a network
};

}  // namespace pixnerd::train
