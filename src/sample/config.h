// What a picture is drawn with: its size and the sampler's settings. The `sample:` section of a configuration.
#pragma once

#include <array>
#include <cstdint>

#include "config/schema.h"
#include "diffusion/sampler_config.h"

namespace pixnerd::sample {

struct SampleConfig {
  std::array<int64_t, 2> size{256, 256};  // width, height
  diffusion::SamplerConfig sampler;

  // The sampler's keys stand beside `size`, not in a section of their own.
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("size", self.size, "width and height in pixels, multiples of the patch", config::between(1, 16384));
    diffusion::SamplerConfig::fields(self.sampler, visit);
  }

  // ConfigError for settings that do not go together.
  void validate() const { sampler.validate(); }
};

}  // namespace pixnerd::sample
