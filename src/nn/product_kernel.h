// The products of kernels/product.h on tensors.
#pragma once

#include <ATen/core/Tensor.h>

namespace pixnerd::nn {

// Whether they serve in that type, float32, bfloat16 or int8: where this processor has the fast ones, and oneDNN's are
// not faster. Those are with matrix units (AMX) and with AVX-512 VNNI but without AVX512_BF16 in bfloat16 and int8, and
// with AVX2 in float32.
bool has_product_kernel(at::ScalarType type);

// A weight [out, in] of such a type as the kernel takes it; rounded first where it is float32 and `type` bfloat16.
at::Tensor pack_for_kernel(const at::Tensor& weight, at::ScalarType type);

// The transpose of a weight [in, out] in the same way; float32 or bfloat16.
at::Tensor pack_transposed_for_kernel(const at::Tensor& weight, at::ScalarType type);

// x [..., in], a packed weight of its type and a bias [out] in float32, or none -> x W^T + bias [..., out].
at::Tensor kernel_linear(const at::Tensor& x, const at::Tensor& weight, int64_t out, const at::Tensor& bias);

// grad_y [M, out] and x [M, in] of one type, float32 or bfloat16 -> grad_y^T x [out, in], float32. With `sum` [out,
// in], float32 and contiguous, it is added to that, which is returned.
at::Tensor kernel_weight_gradient(const at::Tensor& grad_y, const at::Tensor& x, const at::Tensor& sum = {});

// A weight in 8 bits for kernel_linear_int8().
struct PackedInt8 {
  at::Tensor weight;        // packed
  at::Tensor scales, sums;  // [out] float32, and int32: of the weight's rows
};

// values [out, in] int8, scales [out].
PackedInt8 pack_int8_for_kernel(const at::Tensor& values, const at::Tensor& scales);

// x [M, in] uint8, counted from 128, with a scale for each row [M], or none for 1, and a bias [out] in float32, or none
// -> [M, out] bfloat16.
at::Tensor kernel_linear_int8(const at::Tensor& x, const at::Tensor& row_scales, const PackedInt8& weight,
                              const at::Tensor& bias);

}  // namespace pixnerd::nn
