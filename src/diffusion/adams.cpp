#include "diffusion/adams.h"

#include <ATen/TensorOperators.h>

#include "diffusion/time_grid.h"

namespace pixnerd::diffusion {

StepResult Adams::step(size_t i, const at::Tensor& x, GuidedVelocity& velocity, NoiseSource&) {
  velocities_.push_back(velocity(x, t_));
  if (velocities_.size() > static_cast<size_t>(order_)) velocities_.pop_front();

  const std::vector<double> coefficients = adams_coefficients(grid_, i, order_);
  at::Tensor v = velocities_.front() * coefficients.front();
  for (size_t j = 1; j < coefficients.size(); ++j) v = v + velocities_[j] * coefficients[j];

  const float dt = grid_[i + 1] - grid_[i];
  t_ += dt;
  return {x + v * dt, v};
}

}  // namespace pixnerd::diffusion
