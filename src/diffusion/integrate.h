// The sampling loop.
#pragma once

#include <functional>

#include "diffusion/solver.h"

namespace pixnerd::diffusion {

// Called after step i (from 0) with its result.
using StepObserver = std::function<void(size_t i, const StepResult&)>;

// Carries x [B, C, H, W] along the solver's grid, which has `steps` steps. They count from `first`, for the schedule
// and for the observer: a run may have begun with another solver.
at::Tensor integrate(GuidedVelocity& velocity, Solver& solver, int64_t first, int64_t steps, at::Tensor x,
                     NoiseSource& noise, const StepObserver& observe = {});

// What the settings say of reuse.
EncodeSchedule encode_schedule(const SamplerConfig& config);

// The same from a configuration: grid, guidance, reuse and solver. x is the initial noise.
at::Tensor integrate(Denoiser& denoiser, const at::Tensor& condition, const at::Tensor& null_condition,
                     const SamplerConfig& config, at::Tensor x, NoiseSource& noise, const StepObserver& observe = {});

}  // namespace pixnerd::diffusion
