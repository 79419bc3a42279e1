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
  }
};

}  // namespace pixnerd::train
