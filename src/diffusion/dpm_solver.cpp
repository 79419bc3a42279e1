// DPM-Solver++(2M): Lu et al., arXiv 2211.01095, algorithm 2, for the flow x = t x1 + (1 - t) noise, which is their
// alpha = t, sigma = 1 - t, lambda = log(t / (1 - t)). One evaluation a step; the picture D = x + (1 - t) v that each
// velocity leads to is carried on linearly in lambda, and the linear part of x is solved exactly.
#include <ATen/TensorOperators.h>

#include <cmath>

#include "diffusion/solvers.h"

namespace pixnerd::diffusion {
namespace {

double lambda(double t) {
  return std::log(t / (1 - t));
}

class DpmSolver : public Solver {
 public:
  explicit DpmSolver(std::vector<float> grid) : grid_(std::move(grid)) {}

  // The last step, to t = 1, where lambda is infinite, is of first order: it ends in D.
  StepResult step(size_t i, const at::Tensor& x, GuidedVelocity& velocity, NoiseSource&) override {
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

 private:
  std::vector<float> grid_;
  at::Tensor before_;  // D of the previous step
};

}  // namespace

std::unique_ptr<Solver> make_dpm(const SamplerConfig&, std::vector<float> grid) {
  return std::make_unique<DpmSolver>(std::move(grid));
}

}  // namespace pixnerd::diffusion
