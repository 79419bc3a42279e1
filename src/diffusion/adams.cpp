// Adams-Bashforth multistep of order 1 to 4 on a free time grid: one evaluation a step, combined with the velocities of
// the steps before (coefficients in time_grid.h). The paper's sampler for text to image at order 2.
#include <ATen/TensorOperators.h>

#include <deque>

#include "diffusion/solvers.h"
#include "diffusion/time_grid.h"

namespace pixnerd::diffusion {
namespace {

class Adams : public Solver {
 public:
  Adams(const SamplerConfig& config, std::vector<float> grid)
      : order_(config.order), grid_(std::move(grid)), t_(grid_.front()) {}

  StepResult step(size_t i, const at::Tensor& x, GuidedVelocity& velocity, NoiseSource&) override {
    velocities_.push_back(velocity(x, t_));
    if (velocities_.size() > static_cast<size_t>(order_)) velocities_.pop_front();

    const std::vector<double> coefficients = adams_coefficients(grid_, i, order_);
    at::Tensor v = velocities_.front() * coefficients.front();
    for (size_t j = 1; j < coefficients.size(); ++j) v = v + velocities_[j] * coefficients[j];

    const float dt = grid_[i + 1] - grid_[i];
    t_ += dt;
    return {x + v * dt, v};
  }

 private:
  int64_t order_;
  std::vector<float> grid_;
  std::deque<at::Tensor> velocities_;  // guided, oldest first, at most order_
  float t_;  // the grid's beginning and the sum of the steps, as published; may differ from grid_[i] in the last bits
};

}  // namespace

std::unique_ptr<Solver> make_adams(const SamplerConfig& config, std::vector<float> grid) {
  return std::make_unique<Adams>(config, std::move(grid));
}

}  // namespace pixnerd::diffusion
