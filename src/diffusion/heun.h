// Heun's method: an Euler predictor, then a step along the mean of the velocities at both ends. The last step is
// Euler's.
//
// `heun` evaluates twice a step, 2n - 1 times in all. `heun-reuse` takes the velocity and score of a step from the
// evaluation that the previous corrector made at its predicted x: n evaluations.
#pragma once

#include "diffusion/solver.h"

namespace pixnerd::diffusion {

class Heun : public Solver {
 public:
  Heun(const SamplerConfig& config, std::vector<float> grid) : config_(config), grid_(std::move(grid)) {}

  StepResult step(size_t i, const at::Tensor& x, GuidedVelocity& velocity, NoiseSource& noise) override;

 private:
  struct Slope {
    at::Tensor v, s;
  };
  Slope evaluate(const at::Tensor& x, float t, GuidedVelocity& velocity) const;

  SamplerConfig config_;
  std::vector<float> grid_;
  Slope corrector_;  // of the previous step, for heun-reuse
};

}  // namespace pixnerd::diffusion
