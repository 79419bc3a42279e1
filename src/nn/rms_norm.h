// Root-mean-square normalisation, y = weight * x / sqrt(mean(x^2) + eps) over the last axis, statistics in float32.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

namespace pixnerd::nn {

struct RMSNormImpl : torch::nn::Module {
  explicit RMSNormImpl(int64_t width);

  void initialise();  // weight 1

  // [..., width] -> [..., width]. The normalised value is cast back to x's type before the weight multiplies it.
  at::Tensor forward(const at::Tensor& x) const;

  at::Tensor weight;  // [width]
};
TORCH_MODULE(RMSNorm);

constexpr double kRMSNormEps = 1e-6;

}  // namespace pixnerd::nn
