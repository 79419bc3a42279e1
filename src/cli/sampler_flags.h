// The flags that say how pictures are drawn: one for each key of a configuration's `sample:` section.
#pragma once

#include <CLI/CLI.hpp>

#include "config/value.h"
#include "sample/config.h"

namespace pixnerd::cli {

struct SamplerFlags {
  config::Value given;
  CLI::Option* last_step_stochastic = nullptr;
};

void add_sampler_flags(CLI::App& command, SamplerFlags& flags);

// A checkpoint's settings with those of the command line over them; CLI::ValidationError for what does not go together.
sample::SampleConfig settings_of(const SamplerFlags& flags, sample::SampleConfig config);

}  // namespace pixnerd::cli
