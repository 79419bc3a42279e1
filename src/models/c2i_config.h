// Sizes of the class-conditional network: the `model:` section of a configuration.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "config/schema.h"

namespace pixnerd::models {

enum class ModelType { c2i };
std::span<const std::pair<const char*, ModelType>> enum_names(ModelType);

// What the last layer stands for: the velocity (published), or the clean image x1, from which v = (x1 - x) / (1 - t).
enum class Prediction { velocity, image };
std::span<const std::pair<const char*, Prediction>> enum_names(Prediction);

struct C2IConfig {
  ModelType type = ModelType::c2i;
  int64_t in_channels = 3;
  int64_t hidden_size = 1024;
  int64_t num_heads = 16;
  int64_t patch_size = 16;
  int64_t field_width = 64;
  int64_t field_mlp_ratio = 2;
  int64_t num_cond_blocks = 22;
  int64_t num_blocks = 24;
  int64_t num_classes = 1000;
  int64_t num_styles = 0;
  Prediction prediction = Prediction::velocity;
  double label_init_std = 0.02;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    const auto size = config::between(1, 65536);
    visit("type", self.type, "c2i: class-conditional");
    visit("in_channels", self.in_channels, "image channels C", config::between(1, 64));
    visit("hidden_size", self.hidden_size, "width D of the transformer", size);
    visit("num_heads", self.num_heads, "attention heads H; D / H must be a multiple of 4", size);
    visit("patch_size", self.patch_size, "pixels P of a patch's side", config::between(2, 1024));
    visit("field_width", self.field_width, "width E of the neural field", config::between(1, 4096));
    visit("field_mlp_ratio", self.field_mlp_ratio, "hidden width r of the neural field's MLP, in E",
          config::between(1, 64));
    visit("num_cond_blocks", self.num_cond_blocks, "transformer blocks", config::between(0, 1024));
    visit("num_blocks", self.num_blocks, "transformer and neural-field blocks together", config::between(1, 2048));
    visit("num_classes", self.num_classes, "classes, the null class not counted; in training 0 takes the data's",
          config::between(0, 10'000'000));
    visit("num_styles", self.num_styles, "values of a second label beside the class; 0 for none",
          config::between(0, 10'000'000));
    visit("prediction", self.prediction, "velocity, or image: v = (x1 - x) / (1 - t)");
    visit("label_init_std", self.label_init_std, "standard deviation of the label table at the start",
          config::positive());
  }

  int64_t head_width() const { return hidden_size / num_heads; }
  int64_t patch_features() const { return in_channels * patch_size * patch_size; }

  // ConfigError for sizes that do not fit each other.
  void validate() const;
};

}  // namespace pixnerd::models
