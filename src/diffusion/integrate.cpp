#include "diffusion/integrate.h"

#include "diffusion/time_grid.h"

namespace pixnerd::diffusion {

at::Tensor integrate(GuidedVelocity& velocity, Solver& solver, int64_t steps, at::Tensor x, NoiseSource& noise,
                     const StepObserver& observe) {
  for (int64_t i = 0; i < steps; ++i) {
    velocity.begin_step(i);
    const StepResult result = solver.step(static_cast<size_t>(i), x, velocity, noise);
    x = result.x;
    if (observe) observe(static_cast<size_t>(i), result);
  }
  return x;
}

at::Tensor integrate(Denoiser& denoiser, const at::Tensor& condition, const at::Tensor& null_condition,
                     const SamplerConfig& config, at::Tensor x, NoiseSource& noise, const StepObserver& observe) {
  config.validate();
  const auto schedule =
      config.encode_steps.empty() ? EncodeSchedule::every(config.reuse) : EncodeSchedule::at(config.encode_steps);
  GuidedVelocity velocity(denoiser, condition, null_condition, {config.guidance, config.guidance_interval}, schedule);
  const auto solver = make_solver(config, time_grid(config.steps, config.timeshift, config.last_step));
  return integrate(velocity, *solver, config.steps, std::move(x), noise, observe);
}

}  // namespace pixnerd::diffusion
