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

class Heun : public GridSolver {
 public:
  Heun(const SamplerConfig& config, Course course) : GridSolver(std::move(course)), config_(config) {}

  std::optional<Query> query() const override {
    if (!predictor_.v.defined()) return GridSolver::query();
    return Query{x_hat_, to(), static_cast<int64_t>(step_)};
  }

  std::vector<StepResult> take(const at::Tensor& v) override {
    if (!predictor_.v.defined()) return predict({v, score(v, course_.x, from())});
    const Slope corrector{v, score(v, x_hat_, to())};
    const Slope mean{(predictor_.v + corrector.v) / 2, (predictor_.s + corrector.s) / 2};
    std::vector<StepResult> ended{end_step(carried(config_.stochastic, mean), mean.v)};
    predictor_ = {};
    if (config_.solver == SolverKind::heun_reuse && !is_done()) {
      for (StepResult& step : predict(corrector)) ended.push_back(std::move(step));
    }
    return ended;
  }

 private:
  // A velocity and the score of the same place.
  struct Slope {
    at::Tensor v, s;
  };

  // The last step has no corrector, yet its predictor's draw is made: what follows it in the stream is fixed.
  std::vector<StepResult> predict(const Slope& slope) {
    x_hat_ = carried(config_.stochastic, slope);
    if (is_last()) return {end_step(carried(config_.last_step_stochastic, slope), slope.v)};
    predictor_ = slope;
    return {};
  }

  at::Tensor carried(Stochastic form, const Slope& slope) const {
    const float w = noise_weight(config_.noise_scale, from());
    return advance(form, course_, slope.v, slope.s, w, to() - from());
  }

  SamplerConfig config_;
  Slope predictor_;   // of the step that waits for its corrector; undefined where none does
  at::Tensor x_hat_;  // where it leads
};

}  // namespace

std::unique_ptr<Solver> make_heun(const SamplerConfig& config, Course course) {
  return std::make_unique<Heun>(config, std::move(course));
}

}  // namespace pixnerd::diffusion
