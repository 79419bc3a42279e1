// DPM-Solver++(2M): Lu et al., arXiv 2211.01095, algorithm 2, for the flow x = t x1 + (1 - t) noise, which is their
// alpha = t, sigma = 1 - t, lambda = log(t / (1 - t)). One evaluation a step; the picture D = x + (1 - t) v that each
// velocity leads to is carried on linearly in lambda, and the linear part of x is solved exactly.
#pragma once

#include "diffusion/solver.h"

namespace pixnerd::diffusion {

class DpmSolver : public Solver {
 public:
  explicit DpmSolver(std::vector<float> grid) : grid_(std::move(grid)) {}

  // The last step, to t = 1, where lambda is infinite, is of first order: it ends in D.
  StepResult step(size_t i, const at::Tensor& x, GuidedVelocity& velocity, NoiseSource& noise) override;

 private:
  std::vector<float> grid_;
  at::Tensor before_;  // D of the previous step
};

}  // namespace pixnerd::diffusion
