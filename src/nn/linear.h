// A linear layer, y = x W^T + b, under PyTorch's parameter names and with PyTorch's default initialisation.
//
// It calls at::linear on the weight itself: autocast then keeps one bfloat16 copy of the weight per step, which it does
// not for torch::nn::Linear (that passes a view). For inference the weight can be packed instead.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <optional>
#include <string>

#include "nn/packed_weight.h"

namespace pixnerd::nn {

struct LinearImpl : torch::nn::Module {
  // Parameters are allocated, not set: initialise() or a checkpoint fills them.
  LinearImpl(int64_t in_features, int64_t out_features, bool with_bias);

  // Draws weight, then bias, uniformly in +-1/sqrt(in_features).
  void initialise(at::Generator& generator);

  // [..., in_features] -> [..., out_features]
  at::Tensor forward(const at::Tensor& x) const;
  at::Tensor forward_silu(const at::Tensor& x) const;                             // silu(x W^T + b)
  at::Tensor forward_times(const at::Tensor& x, const at::Tensor& factor) const;  // (x W^T + b) * factor

  // From now on forward() multiplies with a packed copy of the weight in that type, without gradients, and `weight` is
  // empty. For inference on a CPU, and only where PackedWeight::is_available(dtype).
  void pack(at::ScalarType dtype);

  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out], undefined without bias

 private:
  std::optional<PackedWeight> packed_;
};
TORCH_MODULE(Linear);

// Registers `child` under the name that PyTorch's Sequential would give it, `name.index`, and returns it.
Linear register_in_sequence(torch::nn::Module& parent, const std::string& name, int64_t index, Linear child);

}  // namespace pixnerd::nn
