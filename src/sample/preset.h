// Settings of the sampler and an arithmetic that go together, chosen by measurement (tools/search, docs/evaluation.md).
#pragma once

#include <span>
#include <utility>

#include "config/value.h"
#include "models/precision.h"
#include "sample/picture.h"

namespace pixnerd::sample {

enum class Preset {
  exact,     // the checkpoint's own settings in float32, s computed at every step
  balanced,  // hardly to be told from `exact`, at a fraction of the evaluations
  fast,      // the least time at which pictures are judged as good as with the published settings: s serves three steps
};

std::span<const std::pair<const char*, Preset>> enum_names(Preset);

struct PresetSettings {
  SampleConfig sample;
  models::Precision precision = models::Precision::float32;
};

// `stored` are the checkpoint's settings. Sizes, guidance and the time shift stay what they are: they belong to the
// network. No preset takes more steps than are stored.
PresetSettings settings_of(Preset preset, SampleConfig stored);

// Settings with some that somebody asks for, a map of the keys of SampleConfig, in the place of theirs. encode_steps
// that are stored hold for the solver, steps, time shift and last step that they were chosen for: with others they are
// left out, and s is computed at every step. ConfigError for what cannot be read or does not go together.
SampleConfig with_settings(SampleConfig settings, const config::Value& given);

}  // namespace pixnerd::sample
