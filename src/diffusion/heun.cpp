#include "diffusion/heun.h"

#include <ATen/TensorOperators.h>

#include "diffusion/stochastic.h"

namespace pixnerd::diffusion {

Heun::Slope Heun::evaluate(const at::Tensor& x, float t, GuidedVelocity& velocity) const {
  const at::Tensor v = velocity(x, t);
  return {v, score(v, x, t)};
}

StepResult Heun::step(size_t i, const at::Tensor& x, GuidedVelocity& velocity, NoiseSource& noise) {
  const float t = grid_[i];
  const float t_next = grid_[i + 1];
  const float dt = t_next - t;
  const float w = noise_weight(config_.noise_scale, t);
  const bool reuses = config_.solver == SolverKind::heun_reuse && corrector_.v.defined();
  const Slope predictor = reuses ? corrector_ : evaluate(x, t, velocity);

  // The last step has no corrector, yet its predictor's draw is made: what follows it in the stream is fixed.
  const at::Tensor x_hat = advance(config_.stochastic, x, predictor.v, predictor.s, w, dt, noise);
  if (i + 2 == grid_.size()) {
    return {advance(config_.last_step_stochastic, x, predictor.v, predictor.s, w, dt, noise), predictor.v};
  }
  corrector_ = evaluate(x_hat, t_next, velocity);
  const at::Tensor v = (predictor.v + corrector_.v) / 2;
  const at::Tensor s = (predictor.s + corrector_.s) / 2;
  return {advance(config_.stochastic, x, v, s, w, dt, noise), v};
}

}  // namespace pixnerd::diffusion
