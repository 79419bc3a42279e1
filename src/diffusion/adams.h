// Adams-Bashforth multistep of order 1 to 4 on a free time grid: one evaluation a step, combined with the velocities of
// the steps before (coefficients in time_grid.h). The paper's sampler for text to image at order 2.
#pragma once

#include <deque>

#include "diffusion/solver.h"

namespace pixnerd::diffusion {

class Adams : public Solver {
 public:
  Adams(const SamplerConfig& config, std::vector<float> grid) : order_(config.order), grid_(std::move(grid)) {}

  StepResult step(size_t i, const at::Tensor& x, GuidedVelocity& velocity, NoiseSource& noise) override;

 private:
  int64_t order_;
  std::vector<float> grid_;
  std::deque<at::Tensor> velocities_;  // guided, oldest first, at most order_
  float t_ = 0.0F;                     // the sum of the steps, as published; may differ from the grid in the last bits
};

}  // namespace pixnerd::diffusion
