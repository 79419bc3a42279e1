// One picture that is asked for: everything that a user says of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/schema.h"
#include "engine/config.h"
#include "sample/edit.h"
#include "sample/seed.h"

namespace pixnerd::sample {

using engine::PictureSize;
using engine::SampleConfig;

// The noise that a picture begins with, on the way from its seed's to another's (diffusion::VariedNoise).
struct Variation {
  uint64_t seed = 0;
  double strength = 0;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit_seed(visit, self.seed, "seed of the other noise");
    visit("strength", self.strength, "share of the way there", config::between(0.0, 1.0));
  }
};

// What a picture shows besides: a share of another label or prompt. Labels are mixed as the vectors that the network
// makes of them, prompts as the text encoder's states, (1 - share) of one and share of the other.
struct Mixture {
  std::optional<int64_t> label, style;
  std::optional<std::string> prompt;
  double share = 0;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    const auto count = config::at_least(0);
    visit("label", self.label, "class", count);
    visit("style", self.style, "second label", count);
    visit("prompt", self.prompt, "what the picture shows");
    visit("share", self.share, "how much of it", config::between(0.0, 1.0));
  }
};

struct PictureRequest {
  std::optional<int64_t> label, style;  // of a network of classes: 0 .. num_classes, the last is the null class
  std::optional<std::string> prompt;    // of a text-to-image network, in place of a label
  std::string negative_prompt;          // what guidance leads away from, of a prompt
  uint64_t seed = 0;
  std::shared_ptr<const SampleConfig> settings;  // of many pictures, as a rule
  std::optional<Variation> variation{};
  std::optional<Mixture> mixture{};
  std::shared_ptr<const PictureEdit> edit{};  // of the settings' size; null: it is drawn from nothing

  // Of the finished picture.
  PictureSize size() const { return edit ? edit->size() : settings->picture_size(); }
};

// The prompts and negative prompts, each once.
std::vector<std::string> texts_of(const std::vector<PictureRequest>& pictures);

}  // namespace pixnerd::sample
