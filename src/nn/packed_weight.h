// The weight and bias of a linear layer for inference on a CPU, in the order that the fastest product here takes: the
// kernel's (product_kernel.h), else oneDNN's (onednn.h).
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/product_kernel.h"
#include "nn/quantised.h"

namespace pixnerd::nn {

// Whether there is such a product in that type: float32, bfloat16 or int8.
bool has_packed_products(at::ScalarType type);

class PackedWeight {
 public:
  // weight [out, in], float32 or bfloat16, and bias [out], which may be undefined. The order is best for products with
  // about `rows` rows. Only where has_packed_products().
  PackedWeight(const at::Tensor& weight, const at::Tensor& bias, int64_t rows);
  PackedWeight(const QuantisedWeight& weight, const at::Tensor& bias, int64_t rows);

  // int8 where the weight is in 8 bits.
  at::ScalarType dtype() const { return dtype_; }

  // x [..., in] of that type -> [..., out].
  at::Tensor product(const at::Tensor& x) const;

  // Of rows in 8 bits -> [..., out] bfloat16.
  at::Tensor product(const QuantisedRows& x) const;
  // The same without the rows' scales and without the bias.
  at::Tensor unscaled(const QuantisedRows& x) const;

 private:
  at::Tensor of_bytes(const QuantisedRows& x, bool with_scales) const;

  at::ScalarType dtype_;
  bool by_kernel_;
  int64_t out_;
  PackedInt8 packed_;  // scales of int8 alone, sums for the kernel alone
  at::Tensor bias_;
};

}  // namespace pixnerd::nn
