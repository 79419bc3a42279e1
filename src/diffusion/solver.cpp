#include "diffusion/solver.h"

#include "core/errors.h"
#include "diffusion/solvers.h"

namespace pixnerd::diffusion {

std::unique_ptr<Solver> make_solver(const SamplerConfig& config, Course course) {
  switch (config.solver) {
    case SolverKind::euler:
      return make_euler(config, std::move(course));
    case SolverKind::heun:
    case SolverKind::heun_reuse:
      return make_heun(config, std::move(course));
    case SolverKind::adams:
      return make_adams(config, std::move(course));
    case SolverKind::dpm:
      return make_dpm(config, std::move(course));
  }
  throw RequestError("unknown solver");
}

}  // namespace pixnerd::diffusion
