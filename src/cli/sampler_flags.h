// The flags that say how pictures are drawn: one for each key of a configuration's `sample:` section.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/compute_flags.h"
#include "config/value.h"
#include "sample/picture.h"

namespace pixnerd::cli {

struct SamplerFlags {
  config::Value given;
  std::string preset;
  CLI::Option* last_step_stochastic = nullptr;
};

void add_sampler_flags(CLI::App& command, SamplerFlags& flags);

// --preset, whose settings other flags of the sampler replace, and whose arithmetic the flag `dtype` does.
void add_preset(CLI::App& command, SamplerFlags& flags, ComputeFlags& compute, const std::string& dtype);

// A checkpoint's settings, or what a preset makes of them, with those of the command line over them;
// CLI::ValidationError for what does not go together. Stored encode_steps are for the stored solver, steps, time shift
// and last step: with others they are left out, and s is computed at every step.
sample::SampleConfig settings_of(const SamplerFlags& flags, sample::SampleConfig config);

// Logs that settings_of() leaves stored encode_steps out, if it does so for no flag that asks for it.
void tell_of_reuse(const SamplerFlags& flags, const sample::SampleConfig& stored);

}  // namespace pixnerd::cli
