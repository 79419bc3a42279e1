// One trajectory by itself: what the engine does for many.
#pragma once

#include <functional>

#include "diffusion/evaluation.h"
#include "diffusion/time_grid.h"

namespace pixnerd::diffusion {

using StepObserver = std::function<void(size_t step, const StepResult&)>;

// x at the end of the course.
inline at::Tensor integrate(Denoiser& denoiser, const at::Tensor& condition, const at::Tensor& null_condition,
                            const SamplerConfig& config, const Course& course, const StepObserver& observe = {}) {
  config.validate();
  Conditioning conditioning(condition, null_condition, {config.guidance, config.guidance_interval},
                            EncodeSchedule::of(config));
  const auto solver = make_solver(config, course);
  at::Tensor x = course.x;
  size_t steps = 0;
  while (const auto query = solver->query()) {
    const Ask ask{*query, &conditioning};
    for (const StepResult& step : solver->take(evaluate(denoiser, std::span(&ask, 1)).front())) {
      x = step.x;
      if (observe) observe(steps, step);
      ++steps;
    }
  }
  return x;
}

// From noise, on the configuration's own grid.
inline at::Tensor integrate(Denoiser& denoiser, const at::Tensor& condition, const at::Tensor& null_condition,
                            const SamplerConfig& config, const at::Tensor& x, NoiseSource& noise,
                            const StepObserver& observe = {}) {
  return integrate(denoiser, condition, null_condition, config,
                   {time_grid(config.steps, config.timeshift, config.last_step), x, &noise}, observe);
}

}  // namespace pixnerd::diffusion
