// Euler's method: one evaluation a step, x += v dt; the paper's sampler for ImageNet.
#include "diffusion/solvers.h"
#include "diffusion/stochastic.h"

namespace pixnerd::diffusion {
namespace {

class Euler : public Solver {
 public:
  Euler(const SamplerConfig& config, std::vector<float> grid) : config_(config), grid_(std::move(grid)) {}

  StepResult step(size_t i, const at::Tensor& x, GuidedVelocity& velocity, NoiseSource& noise) override {
    const float t = grid_[i];
    const bool last = i + 2 == grid_.size();
    const Stochastic form = last ? config_.last_step_stochastic : config_.stochastic;
    const at::Tensor v = velocity(x, t);
    const at::Tensor s = form == Stochastic::none ? at::Tensor() : score(v, x, t);
    return {advance(form, x, v, s, noise_weight(config_.noise_scale, t), grid_[i + 1] - t, noise), v};
  }

 private:
  SamplerConfig config_;
  std::vector<float> grid_;
};

}  // namespace

std::unique_ptr<Solver> make_euler(const SamplerConfig& config, std::vector<float> grid) {
  return std::make_unique<Euler>(config, std::move(grid));
}

}  // namespace pixnerd::diffusion
