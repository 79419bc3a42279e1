// One step of the flow along a given velocity, deterministic or in one of the stochastic forms of solver.h.
#pragma once

#include <ATen/core/Tensor.h>

#include "diffusion/sampler_config.h"
#include "diffusion/solver.h"

namespace pixnerd::diffusion {

// (t v - x) / (1 - t): the score of x_t under the flow with velocity v, times k^2 where its noise is k n. t < 1.
at::Tensor score(const at::Tensor& v, const at::Tensor& x, float t);

// w at time t: 1 - t, or 1.
float noise_weight(NoiseScale scale, float t);

// course.x after a step of length dt. `score` is read by the stochastic forms alone and may be undefined for `none`;
// noise is drawn by sde and preserve only.
at::Tensor advance(Stochastic form, const Course& course, const at::Tensor& v, const at::Tensor& score, float w,
                   float dt);

}  // namespace pixnerd::diffusion
