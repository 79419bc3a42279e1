// The networks that pictures are judged through: their files of weights, and how pictures are shown to them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/schema.h"
#include "eval/evaluate.h"
#include "eval/features.h"
#include "models/inception.h"
#include "models/precision.h"

namespace pixnerd::eval {

// What can be computed from its features: sfid needs the spatial ones of Inception, is a network with classes.
std::vector<Metric> metrics_of(FeatureNetwork network);

struct ExtractorConfig {
  FeatureNetwork network = FeatureNetwork::inception;
  std::string weights;
  models::InceptionResize resize = models::InceptionResize::tensorflow;
  models::Precision precision = models::Precision::float32;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("network", self.network, "what looks at pictures: inception, dinov2 or efficientnet-lite");
    visit("weights", self.weights, "its file of weights, .pth or .safetensors");
    visit("resize", self.resize, "how pictures come to Inception: tensorflow as ADM's evaluator, or pytorch");
    visit("precision", self.precision, "arithmetic of the network; figures are published in float32");
  }
};

struct Extractor {
  FeatureExtractor extract;  // keeps the network alive; pictures and features are on the CPU, wherever it computes
  std::string name;  // what save_reference and load_reference know it by; differs with weights, resize and precision
  std::optional<bool> is_published{};  // whether its weights are those that figures are published with, where one knows
};

// ConfigError if no file is named or the precision is int8; DataError, CheckpointError if it cannot be read, is of
// another network, or is not what its name says (published_weights.h).
Extractor load_extractor(const ExtractorConfig& config, const at::Device& device = at::kCPU);

}  // namespace pixnerd::eval
