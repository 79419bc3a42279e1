// Adams-Bashforth multistep of order 1 to 4 on a free time grid: one evaluation a step, combined with the velocities of
// the steps before (coefficients in time_grid.h). The paper's sampler for text to image at order 2.
#include <ATen/TensorOperators.h>

#include <deque>

#include "diffusion/solvers.h"
#include "diffusion/time_grid.h"

namespace pixnerd::diffusion {
namespace {

class Adams : public GridSolver {
 public:
  Adams(const SamplerConfig& config, Course course)
      : GridSolver(std::move(course)), order_(config.order), t_(course_.grid.front()) {}

  std::optional<Query> query() const override {
    std::optional<Query> query = GridSolver::query();
    if (query) query->t = t_;
    return query;
  }

  std::vector<StepResult> take(const at::Tensor& velocity) override {
    velocities_.push_back(velocity);
    if (velocities_.size() > static_cast<size_t>(order_)) velocities_.pop_front();

    const std::vector<double> coefficients = adams_coefficients(course_.grid, step_, order_);
    at::Tensor v = velocities_.front() * coefficients.front();
    for (size_t j = 1; j < coefficients.size(); ++j) v = v + velocities_[j] * coefficients[j];

    const float dt = to() - from();
    t_ += dt;
    return {end_step(course_.x + v * dt, v)};
  }

 private:
  int64_t order_;
  std::deque<at::Tensor> velocities_;  // guided, oldest first, at most order_
  float t_;  // the grid's beginning and the sum of the steps, as published; may differ from the grid in the last bits
};

}  // namespace

std::unique_ptr<Solver> make_adams(const SamplerConfig& config, Course course) {
  return std::make_unique<Adams>(config, std::move(course));
}

}  // namespace pixnerd::diffusion
