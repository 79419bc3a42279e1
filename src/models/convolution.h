// The convolutions of the networks that judge pictures: a convolution without bias, a batch norm that is folded into
// it, and an activation. For inference they are run on a CPU by oneDNN in its own layout where this LibTorch has that;
// in Mode::train by the framework, so that gradients come through to x, and none to the weights.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <mutex>

#include "models/mode.h"
#include "nn/onednn.h"

namespace pixnerd::models {

struct BatchNorm {
  at::Tensor weight, bias, mean, variance;  // [out]
  double eps = 1e-3;
};

class FoldedConvolution {
 public:
  // weight [out, in / groups, height, width]. Computes in `type`, float32 or bfloat16, on `device`; the norm is folded
  // in float64, where the weights are.
  FoldedConvolution(const at::Tensor& weight, const BatchNorm& norm, const nn::ConvolutionForm& form,
                    at::ScalarType type, const at::Device& device = at::kCPU, Mode mode = Mode::infer);

  // activation(norm(convolution(x))): x [B, in, H, W] on the device, in channels-last order -> [B, out, H', W']
  // likewise.
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  // Packed at the first call, for the sizes of its x.
  struct Weight {
    at::Tensor values;
    std::once_flag is_packed;
  };

  nn::ConvolutionForm form_;
  std::shared_ptr<Weight> weight_;
  at::Tensor bias_;
  bool is_fused_ = false;
};

}  // namespace pixnerd::models
