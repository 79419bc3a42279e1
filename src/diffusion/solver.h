// Solvers of the flow ODE dx/dt = v(x, t) from noise (t = 0) to image (t = 1), and its stochastic forms.
//
// A solver is one trajectory on its way. It evaluates nothing: query() says at which (x, t) it wants the velocity, and
// take() goes on with it. Whoever drives many solvers can so evaluate what several of them want at once, each at its
// own time. Times and x are float32. The stochastic forms add s = (t v - x) / (1 - t), the score of x, scaled by w:
//   mean      x += v dt + s w dt
//   sde       x += v dt + s w dt + sqrt(2 w dt) n
//   preserve  x += v dt + s w dt / 2 + sqrt(w dt) n
// On a path whose noise is k times the standard normal one (x_t = t x1 + (1 - t) k n) x_t has the score s / k^2. The
// forms are then those of the weight k^2 w: s stays as it is, and the noise source gives k n.
//
// Threads: a solver is used by one at a time.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <vector>

#include "diffusion/noise.h"
#include "diffusion/sampler_config.h"

namespace pixnerd::diffusion {

// Where a trajectory wants its velocity.
struct Query {
  at::Tensor x;      // [B, C, H, W]
  float t = 0;       // a time of the grid below 1
  int64_t step = 0;  // of the solver's grid, from 0, to which the evaluation belongs
};

struct StepResult {
  at::Tensor x;  // at the step's end
  at::Tensor v;  // the velocity the step used
};

// From where to where, and what is random on the way.
struct Course {
  std::vector<float> grid;     // ascends; may begin at any time below 1, and only its last one may be 1
  at::Tensor x;                // at grid.front()
  NoiseSource* noise;          // of the stochastic forms, of the path's scale; must outlive the solver
  at::Tensor noise_weights{};  // factors of w, broadcast to x; undefined: 1. Where it is 0, the step is deterministic
  bool goes_on = false;        // from its end on by another solver: no step of it is the last one
};

class Solver {
 public:
  virtual ~Solver() = default;

  // Nothing after the last step.
  virtual std::optional<Query> query() const = 0;

  // Goes on with the velocity at query(). The steps that end with it: one as a rule; none where a step takes more than
  // one evaluation, two where the next one takes none of its own.
  virtual std::vector<StepResult> take(const at::Tensor& v) = 0;
};

std::unique_ptr<Solver> make_solver(const SamplerConfig& config, Course course);

}  // namespace pixnerd::diffusion
