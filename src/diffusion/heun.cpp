// Heun's method: an Euler predictor, then a step along the mean of the velocities at both ends. The last step is
// Euler's.
//
// `heun` evaluates twice a step, 2n - 1 times in all. `heun-reuse` takes the velocity and score of a step from the
// evaluation that the previous corrector made at its predicted x: n evaluations.
#include <ATen/TensorOperators.h>

#include "diffusion/solvers.h"
#include "diffusion/stochastic.h"

namespace pixnerd::diffusion {
namespace {

// A velocity and the score of the same place.
struct Slope {
  at::Tensor v, s;
};

Slope evaluate(const at::Tensor& x, float t, GuidedVelocity& velocity) {
  const at::Tensor v = velocity(x, t);
  return {v, score(v, x, t)};
}

class Heun : public Solver {
 public:
  Heun(const SamplerConfig& config, std::vector<float> grid) : config_(config), grid_(std::move(grid)) {}

  StepResult step(size_t i, const at::Tensor& x, GuidedVelocity& velocity, NoiseSource& noise) override {
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

 private:
  SamplerConfig config_;
  std::vector<float> grid_;
  Slope corrector_;  // of the previous step, for heun-reuse
};

}  // namespace

std::unique_ptr<Solver> make_heun(const SamplerConfig& config, std::vector<float> grid) {
  return std::make_unique<Heun>(config, std::move(grid));
}

}  // namespace pixnerd::diffusion
