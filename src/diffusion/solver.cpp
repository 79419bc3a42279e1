#include "diffusion/solver.h"

#include "core/errors.h"
#include "diffusion/adams.h"
#include "diffusion/dpm_solver.h"
#include "diffusion/euler.h"
#include "diffusion/heun.h"

namespace pixnerd::diffusion {

std::unique_ptr<Solver> make_solver(const SamplerConfig& config, std::vector<float> grid) {
  switch (config.solver) {
    case SolverKind::euler:
      return std::make_unique<Euler>(config, std::move(grid));
    case SolverKind::heun:
    case SolverKind::heun_reuse:
      return std::make_unique<Heun>(config, std::move(grid));
    case SolverKind::adams:
      return std::make_unique<Adams>(config, std::move(grid));
    case SolverKind::dpm:
      return std::make_unique<DpmSolver>(std::move(grid));
  }
  throw RequestError("unknown solver");
}

}  // namespace pixnerd::diffusion
