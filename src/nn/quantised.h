// Matrices in 8 bits: the weight of a linear layer with a scale for each of its outputs, and the rows that it
// multiplies with a scale for each of them. A product of the two costs half of one in bfloat16; its error is about 1 %
// of its size where values are normally distributed.
#pragma once

#include <ATen/core/Tensor.h>

namespace pixnerd::nn {

// W_oj = scales_o values_oj.
struct QuantisedWeight {
  at::Tensor values;  // [out, in] int8
  at::Tensor scales;  // [out] float32
};

// weight [out, in], any floating type. The greatest magnitude of a row becomes 127; a row that is not finite has a
// scale that is not.
QuantisedWeight quantise_weight(const at::Tensor& weight);

at::Tensor dequantise(const QuantisedWeight& weight);  // float32

// x_ij = scales_i (values_ij - 128).
struct QuantisedRows {
  at::Tensor values;  // [..., in] uint8
  at::Tensor scales;  // [rows] float32
};

// x [..., in], float32 or bfloat16, on the CPU.
QuantisedRows quantise_rows(const at::Tensor& x);

// x [..., in], any floating type on the CPU, turned by Hadamard's matrix (kernels/hadamard.h), in float32: what has a
// few large values a row has none then. A layer whose weight is turned alike gives the same product.
at::Tensor turn_rows(const at::Tensor& x);

// silu(a) * b in 8 bits for a and b [..., h], bfloat16 products of the same rows that have yet to be multiplied by
// their scales; a and b are contiguous or the halves of one contiguous tensor.
QuantisedRows quantise_gated(const at::Tensor& a, const at::Tensor& b, const at::Tensor& scales);

// Multiplies each row of y [..., out] by its scale and adds the float32 bias [out], if it is defined; in place.
void scale_rows(at::Tensor& y, const at::Tensor& scales, const at::Tensor& bias);

}  // namespace pixnerd::nn
