// DPM-Solver++(2M): Lu et al., arXiv 2211.01095, algorithm 2, for the flow x = t x1 + (1 - t) noise, which is their
// alpha = t, sigma = 1 - t, lambda = log(t / (1 - t)); noise of another scale moves lambda by a constant, which no
// difference of them sees. One evaluation a step; the picture D = x + (1 - t) v that each
// velocity leads to is carried on linearly in lambda, and the linear part of x is solved exactly.
#include <ATen/TensorOperators.h>

#include <cmath>

#include "diffusion/solvers.h"

namespace pixnerd::diffusion {
namespace {

double lambda(double t) {
  return std::log(t / (1 - t));
}

class DpmSolver : public GridSolver {
 public:
  using GridSolver::GridSolver;

  // The last step, to t = 1, where lambda is infinite, is of first order: it ends in D.
  std::vector<StepResult> take(const at::Tensor& v) override {
    const at::Tensor x = course_.x;
    const double s = from(), t = to();
    const at::Tensor picture = x + v * (1 - s);
    at::Tensor ahead = picture;
    // From noise (t = 0), too, lambda is infinitely far away, and there is nothing to carry on.
    if (step_ > 0 && course_.grid[step_ - 1] > 0 && t < 1) {
      const double ratio = (lambda(t) - lambda(s)) / (lambda(s) - lambda(course_.grid[step_ - 1]));
      ahead = picture + (picture - before_) * (ratio / 2);
    }
    before_ = picture;
    const double kept = (1 - t) / (1 - s);  // e^-h is kept s / t, so t (1 - e^-h) is t - kept s
    const at::Tensor end = x * kept + ahead * (t - kept * s);
    return {end_step(end, (end - x) / (t - s))};
  }

 private:
  at::Tensor before_;  // D of the previous step
};

}  // namespace

std::unique_ptr<Solver> make_dpm(const SamplerConfig&, Course course) {
  return std::make_unique<DpmSolver>(std::move(course));
}

}  // namespace pixnerd::diffusion
