#include "sample/preset.h"

#include <gtest/gtest.h>

namespace pixnerd::sample {
namespace {

SampleConfig stored() {
  SampleConfig config;
  config.size = {64, 32};
  config.sampler.solver = diffusion::SolverKind::heun;
  config.sampler.steps = 50;
  config.sampler.stochastic = diffusion::Stochastic::sde;
  config.sampler.last_step = 0.04;
  config.sampler.guidance = 3.5;
  config.sampler.guidance_interval = {0.1, 1.0};
  config.sampler.timeshift = 2;
  config.sampler.reuse = 3;
  return config;
}

TEST(Preset, ExactIsWhatTheCheckpointSays) {
  const PresetSettings exact = settings_of(Preset::exact, stored());
  EXPECT_EQ(exact.precision, models::Precision::float32);
  EXPECT_EQ(exact.sample.sampler.solver, diffusion::SolverKind::heun);
  EXPECT_EQ(exact.sample.sampler.steps, 50);
  EXPECT_EQ(exact.sample.sampler.stochastic, diffusion::Stochastic::sde);
  EXPECT_EQ(exact.sample.sampler.last_step, 0.04);
  EXPECT_EQ(exact.sample.sampler.reuse, 1);
}

TEST(Preset, WhatBelongsToTheNetworkStays) {
  for (const auto& [name, preset] : enum_names(Preset{})) {
    const SampleConfig config = settings_of(preset, stored()).sample;
    EXPECT_EQ(config.size, (PictureSize{64, 32})) << name;
    EXPECT_EQ(config.sampler.guidance, 3.5) << name;
    EXPECT_EQ(config.sampler.guidance_interval, stored().sampler.guidance_interval) << name;
    EXPECT_EQ(config.sampler.timeshift, 2) << name;
    EXPECT_NO_THROW(config.validate()) << name;
  }
}

int64_t encodings_of(Preset preset) {
  const diffusion::SamplerConfig sampler = settings_of(preset, stored()).sample.sampler;
  return (sampler.steps + sampler.reuse - 1) / sampler.reuse;
}

TEST(Preset, FasterOnesComputeLessAndNeverTakeMoreStepsThanAreStored) {
  EXPECT_LT(encodings_of(Preset::balanced), 50);
  EXPECT_LT(encodings_of(Preset::fast), encodings_of(Preset::balanced));
  SampleConfig few = stored();
  few.sampler.steps = 3;
  for (const auto& [name, preset] : enum_names(Preset{})) {
    EXPECT_EQ(settings_of(preset, few).sample.sampler.steps, 3) << name;
  }
}

}  // namespace
}  // namespace pixnerd::sample
