// A linear layer, y = x W^T + b, under PyTorch's parameter names and with PyTorch's default initialisation. On a CPU it
// multiplies by oneDNN where that is there: in training by linear_product.h, in inference with a packed weight.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <optional>
#include <string>

namespace pixnerd::nn {

struct LinearImpl : torch::nn::Module {
  // Parameters are allocated, not set: initialise() or a checkpoint fills them.
  LinearImpl(int64_t in_features, int64_t out_features, bool with_bias);

  // Draws weight, then bias, uniformly in +-1/sqrt(in_features).
  void initialise(at::Generator& generator);

  // [..., in_features] -> [..., out_features]
  at::Tensor forward(const at::Tensor& x) const;

  // From now on forward() multiplies in that type with a packed copy of the weight, without gradients, and `weight` is
  // empty. For inference on a CPU, and only where has_onednn(dtype). The order is best for `rows` rows, but any number
  // works.
  void pack(at::ScalarType dtype, int64_t rows = kTypicalRows);

  static constexpr int64_t kTypicalRows = 256;  // the tokens of a picture of 256 x 256 pixels

  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out], undefined without bias

 private:
  struct Packed {
    at::Tensor weight;
    std::optional<at::Tensor> bias;
    at::ScalarType dtype;
  };
  std::optional<Packed> packed_;
};
TORCH_MODULE(Linear);

// Registers `child` under the name that PyTorch's Sequential would give it, `name.index`, and returns it.
Linear register_in_sequence(torch::nn::Module& parent, const std::string& name, int64_t index, Linear child);

}  // namespace pixnerd::nn
