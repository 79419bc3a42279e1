#include "sample/two_sizes.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/upsample_bicubic2d.h>

#include <algorithm>
#include <vector>

#include "diffusion/time_grid.h"

namespace pixnerd::sample {
namespace {

// The image that x leads to at time t, at the new size and noised anew.
at::Tensor resized(const at::Tensor& x, const at::Tensor& v, double t, const PictureSize& size,
                   diffusion::NoiseSource& noise) {
  const at::Tensor x_1 = at::upsample_bicubic2d(x + (1 - t) * v, {size[1], size[0]}, /*align_corners=*/false);
  return t * x_1 + (1 - t) * noise.draw_like(x_1);
}

}  // namespace

at::Tensor integrate(models::Network& network, const at::Tensor& condition, const at::Tensor& null_condition,
                     const SampleConfig& config, const at::Tensor& x, diffusion::NoiseSource& noise,
                     const diffusion::StepObserver& observe) {
  const diffusion::SamplerConfig& sampler = config.sampler;
  if (!config.decode_size) {
    return diffusion::integrate(network, condition, null_condition, sampler, x, noise, observe);
  }
  const std::vector<float> grid = diffusion::time_grid(sampler.steps, sampler.timeshift, sampler.last_step);
  // The grid is float32: 0.7 in it may be the last bit below the 0.7 that was asked for.
  const float change_time = static_cast<float>(config.decode_time) - 1e-6F;
  const auto change = std::find_if(grid.begin(), grid.end() - 1, [&](float t) { return t >= change_time; });
  const auto steps_before = change - grid.begin();
  models::OnGrid on_grid(network, models::token_grid(network.config(), x.size(2), x.size(3)));
  const auto velocity = [&] {
    return diffusion::GuidedVelocity(on_grid, condition, null_condition, {sampler.guidance, sampler.guidance_interval},
                                     diffusion::encode_schedule(sampler));
  };
  const auto run = [&](const std::vector<float>& times, int64_t first, int64_t steps, const at::Tensor& from) {
    auto v = velocity();
    const auto solver = diffusion::make_solver(sampler, times);
    return diffusion::integrate(v, *solver, first, steps, from, noise, observe);
  };

  at::Tensor x_t = run(grid, 0, steps_before, x);
  if (change + 1 == grid.end()) return resized(x_t, x_t * 0, 1.0, *config.decode_size, noise);
  x_t = resized(x_t, velocity()(x_t, *change), *change, *config.decode_size, noise);
  return run({change, grid.end()}, steps_before, sampler.steps - steps_before, x_t);
}

}  // namespace pixnerd::sample
