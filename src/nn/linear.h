// A linear layer, y = x W^T + b, under PyTorch's parameter names and with PyTorch's default initialisation.
//
// It calls at::linear on the weight itself: autocast then keeps one bfloat16 copy of the weight per step, which it does
// not for torch::nn::Linear (that passes a view).
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <string>

namespace pixnerd::nn {

struct LinearImpl : torch::nn::Module {
  // Parameters are allocated, not set: initialise() or a checkpoint fills them.
  LinearImpl(int64_t in_features, int64_t out_features, bool with_bias);

  // Draws weight, then bias, uniformly in +-1/sqrt(in_features).
  void initialise(at::Generator& generator);

  // [..., in_features] -> [..., out_features]
  at::Tensor forward(const at::Tensor& x) const;

  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out], undefined without bias
};
TORCH_MODULE(Linear);

// Registers `child` under the name that PyTorch's Sequential would give it, `name.index`, and returns it.
Linear register_in_sequence(torch::nn::Module& parent, const std::string& name, int64_t index, Linear child);

}  // namespace pixnerd::nn
