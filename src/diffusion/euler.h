// Euler's method: one evaluation a step, x += v dt; the paper's sampler for ImageNet.
#pragma once

#include "diffusion/solver.h"

namespace pixnerd::diffusion {

class Euler : public Solver {
 public:
  Euler(const SamplerConfig& config, std::vector<float> grid) : config_(config), grid_(std::move(grid)) {}

  StepResult step(size_t i, const at::Tensor& x, GuidedVelocity& velocity, NoiseSource& noise) override;

 private:
  SamplerConfig config_;
  std::vector<float> grid_;
};

}  // namespace pixnerd::diffusion
