// The products and convolutions of oneDNN that torch.compile uses; products in float32 are about 1.4 times as fast on
// recent x86 processors as what at::linear picks. The framework has no C++ functions for them, so they are called
// through its dispatcher.
//
// Rows: oneDNN gives a row of a product the same bits among two rows and among thousands, at any place and with any
// number of threads; a single row it sums in another order for many weights. The products here put a copy beside a
// single row, so what a row becomes depends on the row and on how the weight lies. Measured, not documented:
// tests/nn/rows_test.cpp says so again on every machine.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <optional>

namespace pixnerd::nn {

// Rows that a product has at least.
inline constexpr int64_t kFewestRows = 2;

// Whether this LibTorch has these operators and this processor multiplies in that type: float32, bfloat16 or int8. Not
// where the paths of CPUs are avoided (kernels/isa.h).
bool has_onednn(at::ScalarType type);

// A weight [out, in] in the order that is fastest for products with about `rows` rows; only the functions below read
// it.
at::Tensor onednn_pack(const at::Tensor& weight, int64_t rows);

// x [..., in] and a weight [out, in], packed or of any strides, of one type -> x W^T + bias [..., out].
at::Tensor onednn_linear(const at::Tensor& x, const at::Tensor& weight,
                         const std::optional<at::Tensor>& bias = std::nullopt);

// A weight [out, in] int8 in the order that is fastest for products with about `rows` rows.
at::Tensor onednn_pack_int8(const at::Tensor& weight, int64_t rows);

// x [M, in] uint8, counted from 128, and a packed int8 weight with a scale for each output [out] -> the products of x -
// 128 with the scaled weight [M, out] bfloat16.
at::Tensor onednn_linear_int8(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& scales);

enum class Activation { none, relu, relu6 };

struct ConvolutionForm {
  std::array<int64_t, 2> stride = {1, 1}, padding = {0, 0};  // of height and width; zeros on both sides
  int64_t groups = 1;
  Activation activation = Activation::none;
};

// A channels-last weight [out, in / groups, height, width] in the order that is fastest for inputs of these sizes [B,
// in, H, W]; other sizes are right too, but may be several times as slow.
at::Tensor onednn_pack_convolution(const at::Tensor& weight, const ConvolutionForm& form, at::IntArrayRef input);

// x [B, in, H, W] in channels-last order, a packed weight of its type and a bias [out] -> the activation of the
// convolution [B, out, H', W'], likewise.
at::Tensor onednn_convolution(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                              const ConvolutionForm& form);

}  // namespace pixnerd::nn
