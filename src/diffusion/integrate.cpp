#include "diffusion/integrate.h"

#include "diffusion/time_grid.h"

namespace pixnerd::diffusion {

at::Tensor integrate(GuidedVelocity& velocity, Solver& solver, int64_t first, int64_t steps, at::Tensor x,
                     NoiseSource& noise, const StepObserver& observe) {
  for (int64_t i = 0; i < steps; ++i) {
    velocity.begin_step(first + i);
    const StepResult result = solver.step(static_cast<size_t>(i), x, velocity, noise);
    x = result.x;
    if (observe) observe(static_cast<size_t>(first + i), result);
  }
  return x;
}

EncodeSchedule encode_schedule(const SamplerConfig& config) {
  return config.encode_steps.empty() ? EncodeSchedule::every(config.reuse) : EncodeSchedule::at(config.encode_steps);
}

at::Tensor integrate(Denoiser& denoiser, const at::Tensor& condition, const at::Tensor& null_condition,
                     const SamplerConfig& config, at::Tensor x, NoiseSource& noise, const StepObserver& observe) {
  config.validate();
  GuidedVelocity velocity(denoiser, condition, null_condition, {config.guidance, config.guidance_interval},
                          encode_schedule(config));
  const auto solver = make_solver(config, time_grid(config.steps, config.timeshift, config.last_step));
  return integrate(velocity, *solver, 0, config.steps, std::move(x), noise, observe);
}

}  // namespace pixnerd::diffusion
