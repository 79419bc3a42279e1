// The solvers by name; make_solver() chooses. Each file begins with its method.
#pragma once

#include <memory>
#include <vector>

#include "diffusion/solver.h"

namespace pixnerd::diffusion {

std::unique_ptr<Solver> make_euler(const SamplerConfig& config, Course course);
std::unique_ptr<Solver> make_heun(const SamplerConfig& config, Course course);
std::unique_ptr<Solver> make_adams(const SamplerConfig& config, Course course);
std::unique_ptr<Solver> make_dpm(const SamplerConfig& config, Course course);

// What they have in common: the place on the grid.
class GridSolver : public Solver {
 public:
  explicit GridSolver(Course course) : course_(std::move(course)) {}

  std::optional<Query> query() const override {
    if (is_done()) return std::nullopt;
    return Query{course_.x, from(), static_cast<int64_t>(step_)};
  }

 protected:
  bool is_done() const { return step_ + 1 >= course_.grid.size(); }
  bool is_last() const { return !course_.goes_on && step_ + 2 == course_.grid.size(); }
  float from() const { return course_.grid[step_]; }
  float to() const { return course_.grid[step_ + 1]; }

  // The step has come to x along v.
  StepResult end_step(const at::Tensor& x, const at::Tensor& v) {
    course_.x = x;
    ++step_;
    return {x, v};
  }

  Course course_;
  size_t step_ = 0;
};

}  // namespace pixnerd::diffusion
