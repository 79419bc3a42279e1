// Root-mean-square normalisation, y = weight * x / sqrt(mean(x^2) + eps) over the last axis, statistics in float32, and
// its modulated form in adaptive layer norm.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "nn/quantised.h"

namespace pixnerd::nn {

struct RMSNormImpl : torch::nn::Module {
  explicit RMSNormImpl(int64_t width);

  void initialise();  // weight 1

  // [..., width] -> [..., width].
  at::Tensor forward(const at::Tensor& x) const;

  // forward(x) * (1 + scale) + shift; x [B, L, width], shift and scale [B, 1, width].
  at::Tensor forward(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale) const;

  // Either in 8 bits, without gradients, on the CPU; shift and scale may both be undefined.
  QuantisedRows quantised(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale) const;

  at::Tensor weight;  // [width]
};
TORCH_MODULE(RMSNorm);

constexpr double kRMSNormEps = 1e-6;

}  // namespace pixnerd::nn
