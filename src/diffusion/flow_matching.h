// Flow matching: the straight path from noise to image, its random draws and its loss.
//
//   x_t = t x1 + (1 - t) k noise,  v = x1 - k noise,  loss = mean (net(x_t, t, y) - v)^2
//
// k is the network's model.noise_scale, 1 as published. B batch, C channels, H x W pixels; images x1 in [-1, 1].
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <span>
#include <utility>
#include <vector>

#include "config/schema.h"
#include "diffusion/denoiser.h"

namespace pixnerd::diffusion {

enum class TimeDistribution { lognormal, uniform };
std::span<const std::pair<const char*, TimeDistribution>> enum_names(TimeDistribution);

struct FlowConfig {
  TimeDistribution times = TimeDistribution::lognormal;
  double time_mean = 0.0;
  double time_std = 1.0;
  double timeshift = 1.0;
  double early_share = 0.0;
  double early_mean = -1.5;
  double null_condition_p = 0.1;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("times", self.times, "lognormal: t = sigmoid(normal(time_mean, time_std)); uniform: t = uniform(0, 1)");
    visit("time_mean", self.time_mean, "of lognormal times before the sigmoid; below 0 is nearer the noise",
          config::between(-10.0, 10.0));
    visit("time_std", self.time_std, "standard deviation of lognormal times before the sigmoid",
          config::between(0.01, 10.0));
    visit("timeshift", self.timeshift, "s of t / (t + (1 - t) s)", config::positive());
    visit("early_share", self.early_share,
          "share of a batch whose lognormal times have mean early_mean instead of time_mean",
          config::between(0.0, 1.0));
    visit("early_mean", self.early_mean, "mean of the early times before the sigmoid; below 0 is nearer the noise");
    visit("null_condition_p", self.null_condition_p, "probability of dropping a sample's condition",
          config::between(0.0, 1.0));
  }
};

// Everything random about one training step.
struct Draws {
  at::Tensor drop;   // [B] uniform; the condition is dropped where drop < null_condition_p
  at::Tensor time;   // [B] normal for lognormal times, of mean time_mean or early_mean, else uniform
  at::Tensor noise;  // [B, C, H, W] standard normal
};

// Draws in the order drop, time, noise; on the CPU, then moved to x1's device. The times of the first early_share of
// the batch are early.
Draws draw(const FlowConfig& config, const at::Tensor& x1, at::Generator& generator);

// Those of pictures [channels, height, width] one by one, each from a generator of its own, on the CPU: what a picture
// gets does not depend on its neighbours. `early`: how many, from the first, get early times.
Draws draw_each(const FlowConfig& config, const std::vector<uint64_t>& seeds, at::IntArrayRef picture, int64_t early);

// Training times [B] from their draws.
at::Tensor training_times(const FlowConfig& config, const at::Tensor& time_draw);

// condition [B, ...] with the dropped samples' rows replaced by null_condition's.
at::Tensor drop_condition(const at::Tensor& condition, const at::Tensor& null_condition, const at::Tensor& drop,
                          double probability);

struct FlowSample {
  at::Tensor x_t, t, velocity, condition;
};

// What a network with that scale of the noise sees of a batch and what it should answer.
FlowSample flow_sample(const FlowConfig& config, const at::Tensor& x1, const at::Tensor& condition,
                       const at::Tensor& null_condition, const Draws& draws, double noise_scale = 1.0);

// Of each sample its mean of (net(x_t, t, condition) - velocity)^2: [B] float32, with a gradient where gradients are
// recorded. The loss of a batch is their mean.
at::Tensor sample_losses(Denoiser& denoiser, const FlowSample& sample);

// The same of what the network has answered [B, C, H, W].
at::Tensor sample_losses(const at::Tensor& predicted, const FlowSample& sample);

}  // namespace pixnerd::diffusion
