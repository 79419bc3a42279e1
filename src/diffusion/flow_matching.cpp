#include "diffusion/flow_matching.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/where.h>

#include <array>

namespace pixnerd::diffusion {
namespace {

// [B] -> [B, 1, 1, ...] with x's number of axes.
at::Tensor broadcast_over(const at::Tensor& per_sample, const at::Tensor& x) {
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[0] = per_sample.size(0);
  return per_sample.view(shape);
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
  return draws;
}

at::Tensor training_times(const FlowConfig& config, const at::Tensor& time_draw) {
  at::Tensor t = time_draw;
  if (config.times == TimeDistribution::lognormal) {
    const auto early = static_cast<int64_t>(config.early_share * static_cast<double>(t.size(0)));
    if (early > 0) {
      t = t.clone();
      t.narrow(0, 0, early).add_(config.early_mean);
    }
    t = at::sigmoid(t);
  }
  return t / (t + (1 - t) * config.timeshift);
}

at::Tensor drop_condition(const at::Tensor& condition, const at::Tensor& null_condition, const at::Tensor& drop,
                          double probability) {
  return at::where(broadcast_over(drop < probability, condition), null_condition, condition);
}

FlowSample flow_sample(const FlowConfig& config, const at::Tensor& x1, const at::Tensor& condition,
                       const at::Tensor& null_condition, const Draws& draws) {
  const at::Tensor t = training_times(config, draws.time);
  const at::Tensor alpha = broadcast_over(t, x1);
  return {alpha * x1 + (1 - alpha) * draws.noise, t, x1 - draws.noise,
          drop_condition(condition, null_condition, draws.drop, config.null_condition_p)};
}

at::Tensor sample_losses(Denoiser& denoiser, const FlowSample& sample) {
  const at::Tensor predicted = denoiser.velocity(sample.x_t, sample.t, sample.condition);
  return (predicted.to(at::kFloat) - sample.velocity).square().flatten(1).mean(1);
}

}  // namespace pixnerd::diffusion
