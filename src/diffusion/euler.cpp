#include "diffusion/euler.h"

#include "diffusion/stochastic.h"

namespace pixnerd::diffusion {

StepResult Euler::step(size_t i, const at::Tensor& x, GuidedVelocity& velocity, NoiseSource& noise) {
  const float t = grid_[i];
  const bool last = i + 2 == grid_.size();
  const Stochastic form = last ? config_.last_step_stochastic : config_.stochastic;
  const at::Tensor v = velocity(x, t);
  const at::Tensor s = form == Stochastic::none ? at::Tensor() : score(v, x, t);
  return {advance(form, x, v, s, noise_weight(config_.noise_scale, t), grid_[i + 1] - t, noise), v};
}

}  // namespace pixnerd::diffusion
