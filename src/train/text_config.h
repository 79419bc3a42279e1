// How captions become conditions: the `text:` section of a configuration of a text-to-image network.
#pragma once

#include <string>
#include <vector>

#include "config/schema.h"
#include "models/precision.h"

namespace pixnerd::train {

struct TextConfig {
  std::string encoder;
  std::string cache;
  std::vector<std::string> languages;
  models::Precision precision = models::Precision::bfloat16;
  double alignment = 0.0;
  std::string teacher;
  double teacher_weight = 1.0;
  bool alone = false;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("encoder", self.encoder, "folder of Qwen3 as Hugging Face has it: config.json, tokenizer.json, safetensors");
    visit("cache", self.cache,
          "folder for encoded captions, each read many times; about 2 bytes a state; \"\" for none");
    visit("languages", self.languages, "languages of the captions to learn from, such as en; all if there is none");
    visit("precision", self.precision, "arithmetic of the encoder");
    visit(
        "alignment", self.alignment,
        "weight of a loss that draws the captions of a picture together in the states of a network that reads bytes; 0 "
        "does without",
        config::at_least(0.0));
    visit(
        "teacher", self.teacher,
        "a class-conditional network of the same hidden_size, the vectors of whose labels captions learn to stand for "
        "as a whole (model.pooled_text); \"\" for none");
    visit("teacher_weight", self.teacher_weight, "of the squared distance to them, in their mean square",
          config::at_least(0.0));
    visit("alone", self.alone, "whether the encoder of a network that reads bytes is trained alone, by these two");
  }
  void validate() const;  // ConfigError: alone, and nothing to be trained by
};

}  // namespace pixnerd::train
