// Solvers of the flow ODE dx/dt = v(x, t) from noise (t = 0) to image (t = 1), and its stochastic forms.
//
// A solver is a small object with one method, `step`; it may remember velocities of earlier steps, so one object serves
// one trajectory, and one thread. Times and x are float32. The stochastic forms add the score s = (t v - x) / (1 - t),
// scaled by w:
//   mean      x += v dt + s w dt
//   sde       x += v dt + s w dt + sqrt(2 w dt) n
//   preserve  x += v dt + s w dt / 2 + sqrt(w dt) n
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "diffusion/guidance.h"
#include "diffusion/noise.h"
#include "diffusion/sampler_config.h"

namespace pixnerd::diffusion {

struct StepResult {
  at::Tensor x;  // at the step's end
  at::Tensor v;  // the velocity the step used
};

class Solver {
 public:
  virtual ~Solver() = default;

  // Advances x [B, C, H, W] from grid[i] to grid[i + 1]. Steps are taken in order, from i = 0. The velocity is asked
  // for at times of the grid alone.
  virtual StepResult step(size_t i, const at::Tensor& x, GuidedVelocity& velocity, NoiseSource& noise) = 0;
};

// `grid` ascends and may begin at any time below 1; only its last one may be 1.
std::unique_ptr<Solver> make_solver(const SamplerConfig& config, std::vector<float> grid);

}  // namespace pixnerd::diffusion
