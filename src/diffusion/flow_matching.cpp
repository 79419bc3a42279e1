#include "diffusion/flow_matching.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/where.h>

#include <array>

#include "diffusion/noise.h"

namespace pixnerd::diffusion {
namespace {

// [B] -> [B, 1, 1, ...] with x's number of axes.
at::Tensor broadcast_over(const at::Tensor& per_sample, const at::Tensor& x) {
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[0] = per_sample.size(0);
  return per_sample.view(shape);
}

// Standard normal draws become those of lognormal times, the first `early` of them early.
void place_times(const FlowConfig& config, at::Tensor& time, int64_t early) {
  if (config.times != TimeDistribution::lognormal) return;
  time.mul_(config.time_std);
  time.narrow(0, 0, early).add_(config.early_mean);
  time.narrow(0, early, time.size(0) - early).add_(config.time_mean);
}

}  // namespace

std::span<const std::pair<const char*, TimeDistribution>> enum_names(TimeDistribution) {
  static constexpr std::array<std::pair<const char*, TimeDistribution>, 2> kNames{
      {{"lognormal", TimeDistribution::lognormal}, {"uniform", TimeDistribution::uniform}}};
  return kNames;
}

Draws draw(const FlowConfig& config, const at::Tensor& x1, at::Generator& generator) {
  const int64_t batch = x1.size(0);
  Draws draws;
  draws.drop = at::rand({batch}, generator).to(x1.device());
  draws.time =
      (config.times == TimeDistribution::lognormal ? at::randn({batch}, generator) : at::rand({batch}, generator))
          .to(x1.device());
  draws.noise = at::randn(x1.sizes(), generator).to(x1.device());
  place_times(config, draws.time, static_cast<int64_t>(config.early_share * static_cast<double>(batch)));
  return draws;
}

Draws draw_each(const FlowConfig& config, const std::vector<uint64_t>& seeds, at::IntArrayRef picture, int64_t early) {
  const auto batch = static_cast<int64_t>(seeds.size());
  std::vector<int64_t> shape = picture.vec();
  shape.insert(shape.begin(), batch);
  Draws draws{at::empty({batch}, at::kFloat), at::empty({batch}, at::kFloat), at::empty(shape, at::kFloat)};
  at::parallel_for(0, batch, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      at::Generator generator = seeded_generator(seeds[static_cast<size_t>(i)]);
      draws.drop.narrow(0, i, 1).uniform_(0, 1, generator);
      at::Tensor time = draws.time.narrow(0, i, 1);
      config.times == TimeDistribution::lognormal ? time.normal_(0, 1, generator) : time.uniform_(0, 1, generator);
      draws.noise[i].normal_(0, 1, generator);
    }
  });
  place_times(config, draws.time, early);
  return draws;
}

at::Tensor training_times(const FlowConfig& config, const at::Tensor& time_draw) {
  const at::Tensor t = config.times == TimeDistribution::lognormal ? at::sigmoid(time_draw) : time_draw;
  return t / (t + (1 - t) * config.timeshift);
}

at::Tensor drop_condition(const at::Tensor& condition, const at::Tensor& null_condition, const at::Tensor& drop,
                          double probability) {
  return at::where(broadcast_over(drop < probability, condition), null_condition, condition);
}

FlowSample flow_sample(const FlowConfig& config, const at::Tensor& x1, const at::Tensor& condition,
                       const at::Tensor& null_condition, const Draws& draws, double noise_scale) {
  const at::Tensor t = training_times(config, draws.time), noise = noise_scale * draws.noise;
  const at::Tensor alpha = broadcast_over(t, x1);
  return {alpha * x1 + (1 - alpha) * noise, t, x1 - noise,
          drop_condition(condition, null_condition, draws.drop, config.null_condition_p)};
}

at::Tensor sample_losses(Denoiser& denoiser, const FlowSample& sample) {
  return sample_losses(denoiser.velocity(sample.x_t, sample.t, sample.condition), sample);
}

at::Tensor sample_losses(const at::Tensor& predicted, const FlowSample& sample) {
  return (predicted.to(at::kFloat) - sample.velocity).square().flatten(1).mean(1);
}

}  // namespace pixnerd::diffusion
