// Euler's method: one evaluation a step, x += v dt; the paper's sampler for ImageNet.
#include "diffusion/solvers.h"
#include "diffusion/stochastic.h"

namespace pixnerd::diffusion {
namespace {

class Euler : public GridSolver {
 public:
  Euler(const SamplerConfig& config, Course course) : GridSolver(std::move(course)), config_(config) {}

  std::vector<StepResult> take(const at::Tensor& v) override {
    const Stochastic form = is_last() ? config_.last_step_stochastic : config_.stochastic;
    const at::Tensor s = form == Stochastic::none ? at::Tensor() : score(v, course_.x, from());
    const float w = noise_weight(config_.noise_scale, from());
    return {end_step(advance(form, course_, v, s, w, to() - from()), v)};
  }

 private:
  SamplerConfig config_;
};

}  // namespace

std::unique_ptr<Solver> make_euler(const SamplerConfig& config, Course course) {
  return std::make_unique<Euler>(config, std::move(course));
}

}  // namespace pixnerd::diffusion
