#include "sample/preset.h"

#include <algorithm>
#include <array>

#include "config/schema.h"

namespace pixnerd::sample {
namespace {

void use_few_steps(diffusion::SamplerConfig& sampler, diffusion::SolverKind solver, int64_t steps) {
  sampler.solver = solver;
  sampler.order = 2;
  sampler.steps = std::min(sampler.steps, steps);
  sampler.stochastic = sampler.last_step_stochastic = diffusion::Stochastic::none;
  sampler.last_step.reset();
}

// A list of steps means the times that it was chosen for.
bool same_steps(const diffusion::SamplerConfig& a, const diffusion::SamplerConfig& b) {
  return a.solver == b.solver && a.steps == b.steps && a.timeshift == b.timeshift && a.last_step == b.last_step;
}

}  // namespace

std::span<const std::pair<const char*, Preset>> enum_names(Preset) {
  static constexpr std::array<std::pair<const char*, Preset>, 3> kNames{
      {{"exact", Preset::exact}, {"balanced", Preset::balanced}, {"fast", Preset::fast}}};
  return kNames;
}

PresetSettings settings_of(Preset preset, SampleConfig stored) {
  stored.sampler.reuse = 1;
  stored.sampler.encode_steps.clear();
  switch (preset) {
    case Preset::exact:
      return {std::move(stored), models::Precision::float32};
    case Preset::balanced:
      use_few_steps(stored.sampler, diffusion::SolverKind::adams, 16);
      return {std::move(stored), models::Precision::bfloat16};
    case Preset::fast:
      use_few_steps(stored.sampler, diffusion::SolverKind::adams, 15);
      stored.sampler.reuse = 3;
      return {std::move(stored), models::Precision::int8};
  }
  return {std::move(stored), models::Precision::float32};
}

SampleConfig with_settings(SampleConfig settings, const config::Value& given) {
  // Two ways to say when s is computed: the one that is given takes the place of the other.
  if (given.find("reuse") != nullptr) settings.sampler.encode_steps.clear();
  const bool lists_steps = given.find("encode_steps") != nullptr;
  if (lists_steps) settings.sampler.reuse = 1;
  const diffusion::SamplerConfig before = settings.sampler;
  settings.sampler.encode_steps.clear();
  config::read(given, settings);
  if (!lists_steps && same_steps(before, settings.sampler)) settings.sampler.encode_steps = before.encode_steps;
  return settings;
}

}  // namespace pixnerd::sample
