// What a client asks for in the native form, as it is sent, kept and read again after a restart.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/schema.h"
#include "models/precision.h"
#include "sample/edit.h"
#include "sample/picture.h"
#include "sample/preset.h"
#include "serve/refusal.h"

namespace pixnerd::serve {

inline constexpr int64_t kMostPicturesOfJob = 64;
inline constexpr size_t kLongestPrompt = 32'000;  // bytes

struct DrawRequest {
  std::string model;                 // "": the first
  config::Value class_label, style;  // by name or number, or null
  std::optional<std::string> prompt;
  std::string negative_prompt;
  std::optional<uint64_t> seed;
  int64_t count = 1;
  std::optional<sample::Preset> preset;
  std::optional<models::Precision> dtype;
  std::string image, mask;  // base 64, a data URL, or the path under which this server has it; "": none
  bool invert_mask = false;
  std::optional<double> strength;
  std::array<int64_t, 4> extend{};
  int64_t resample = sample::EditRecord::kUsualResampling;
  std::optional<sample::Variation> variation;
  std::optional<double> deadline;  // seconds
  std::string client;
  config::Value settings;  // those keys of SampleConfig that are given, beside the others

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("model", self.model, "name of a model; the first unless given");
    visit("class", self.class_label,
          "what to draw: a class by its name, a part of it that no other has, or its number");
    visit("style", self.style,
          "second label, by name or number; the pictures of a job take all of them in turn unless given");
    visit("prompt", self.prompt, "what to draw in words; of a network of classes, a class's name or words of it");
    visit("negative_prompt", self.negative_prompt, "what guidance leads away from, of a network that takes prompts");
    sample::visit_seed(visit, self.seed,
                       "seed of the first picture, from 0 to 18446744073709551615; random unless given");
    visit("count", self.count, "pictures, whose seeds count from the first's", config::between(1, kMostPicturesOfJob));
    visit("preset", self.preset, "solver, steps and arithmetic that go together");
    visit("dtype", self.dtype, "arithmetic, in place of the preset's or the server's");
    visit("image", self.image, "a picture to draw from: base 64, a data URL, or a path of this server");
    visit("mask", self.mask, "which of its pixels are drawn anew, white; likewise");
    visit("invert_mask", self.invert_mask, "whether black is drawn anew");
    visit("strength", self.strength, "share of the flow that is drawn, of a picture to draw from",
          config::between(0.0, 1.0));
    visit("extend", self.extend, "pixels added to that picture on the left, above, on the right, below",
          config::between(0, diffusion::kLongestSide));
    visit("resample", self.resample, "how often a step is made where a mask is",
          config::between(1, engine::kMostResampling));
    visit("variation", self.variation, "another seed that the noise is on the way to");
    visit("deadline", self.deadline, "seconds from now after which the job is given up", config::positive());
    visit("client", self.client, "whose fair share it is");
  }
};

// Refusal (400) that names the field, and for an unknown one or an unknown name in it the nearest.
DrawRequest draw_request(const config::Value& body);

// What is wrong with a field of a request, said by "request: FIELD must be ...".
Refusal field_refusal(const ConfigError& error, const config::Value& body);

// The inverse: what is not said is left out.
config::Value to_value(const DrawRequest& request);

}  // namespace pixnerd::serve
