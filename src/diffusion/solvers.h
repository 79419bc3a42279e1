// The solvers by name; make_solver() chooses. Each file begins with its method.
#pragma once

#include <memory>
#include <vector>

#include "diffusion/solver.h"

namespace pixnerd::diffusion {

std::unique_ptr<Solver> make_euler(const SamplerConfig& config, std::vector<float> grid);
std::unique_ptr<Solver> make_heun(const SamplerConfig& config, std::vector<float> grid);
std::unique_ptr<Solver> make_adams(const SamplerConfig& config, std::vector<float> grid);
std::unique_ptr<Solver> make_dpm(const SamplerConfig& config, std::vector<float> grid);

}  // namespace pixnerd::diffusion
