// A linear layer, y = x W^T + b, under PyTorch's parameter names and with PyTorch's default initialisation. On a CPU it
// multiplies by linear_product.h, or in inference with a packed weight.
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

  // The same of rows that are in 8 bits already, in bfloat16; only where takes_int8().
  at::Tensor forward(const QuantisedRows& x) const;
  // The same without the rows' scales and without the bias.
  at::Tensor unscaled(const QuantisedRows& x) const;
  bool takes_int8() const { return packed_ && packed_->dtype() == at::kChar && !turned_; }

  // From now on forward() multiplies in that type with a packed copy of the weight, without gradients, and `weight` is
  // empty. For inference on a CPU, and only where has_packed_products(dtype): float32, bfloat16, or int8, which rounds
  // the weight if it is not in 8 bits yet and each row of x as it comes. The order is best for `rows` rows, but any
  // number works. What is packed already stays as it is.
  void pack(at::ScalarType dtype, int64_t rows = kTypicalRows);
  // The same in int8, with weight and rows turned by Hadamard's matrix first (quantised.h): more accurate where a few
  // values of a row are large. The weight is rounded to bfloat16 before, as a file for int8 has it.
  void pack_turned();

  bool is_packed() const { return packed_.has_value(); }

  static constexpr int64_t kTypicalRows = 256;  // the tokens of a picture of 256 x 256 pixels

  at::Tensor weight;         // [out, in]; int8 where weight_scales says so
  at::Tensor weight_scales;  // [out] float32, undefined unless the weight is in 8 bits; no parameter
  at::Tensor bias;           // [out], undefined without bias

 private:
  std::optional<PackedWeight> packed_;
  bool turned_ = false;  // the packed weight, as its rows have to be
};
TORCH_MODULE(Linear);

// Registers `child` under the name that PyTorch's Sequential would give it, `name.index`, and returns it.
Linear register_in_sequence(torch::nn::Module& parent, const std::string& name, int64_t index, Linear child);

}  // namespace pixnerd::nn
