#include "diffusion/dpm_solver.h"

#include <ATen/TensorOperators.h>

#include <cmath>

namespace pixnerd::diffusion {
namespace {

double lambda(double t) {
  return std::log(t / (1 - t));
}

}  // namespace

StepResult DpmSolver::step(size_t i, const at::Tensor& x, GuidedVelocity& velocity, NoiseSource&) {
  const float from = grid_[i];
  const double s = from, t = grid_[i + 1];
  const at::Tensor picture = x + velocity(x, from) * (1 - s);
  at::Tensor ahead = picture;
  // From noise (t = 0), too, lambda is infinitely far away, and there is nothing to carry on.
  if (i > 0 && grid_[i - 1] > 0 && t < 1) {
    const double ratio = (lambda(t) - lambda(s)) / (lambda(s) - lambda(grid_[i - 1]));
    ahead = picture + (picture - before_) * (ratio / 2);
  }
  before_ = picture;
  const double kept = (1 - t) / (1 - s);  // e^-h is kept s / t, so t (1 - e^-h) is t - kept s
  const at::Tensor end = x * kept + ahead * (t - kept * s);
  return {end, (end - x) / (t - s)};
}

}  // namespace pixnerd::diffusion
