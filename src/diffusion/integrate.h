// The sampling loop.
#pragma once

#include <functional>

#include "diffusion/solver.h"

namespace pixnerd::diffusion {

// Called after step i (from 0) with its result.
using StepObserver = std::function<void(size_t i, const StepResult&)>;

// Carries x [B, C, H, W] from noise to image along the grid, which must be the solver's.
at::Tensor integrate(GuidedVelocity& velocity, Solver& solver, int64_t steps, at::Tensor x, NoiseSource& noise,
                     const StepObserver& observe = {});

// The same from a configuration: grid, guidance, reuse and solver. x is the initial noise.
at::Tensor integrate(Denoiser& denoiser, const at::Tensor& condition, const at::Tensor& null_condition,
                     const SamplerConfig& config, at::Tensor x, NoiseSource& noise, const StepObserver& observe = {});

}  // namespace pixnerd::diffusion
