#include "nn/onednn.h"

#include <ATen/Context.h>
#include <ATen/core/List.h>
#include <ATen/cpu/Utils.h>
#include <ATen/ops/zeros.h>

#include <string_view>

#include "kernels/isa.h"
#include "nn/operator.h"

namespace pixnerd::nn {
namespace {

using Scalars = c10::List<std::optional<at::Scalar>>;
using Reorder = at::Tensor(const at::Tensor&, std::optional<c10::SymInt>);
using Pointwise = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::string_view,
                             Scalars, std::optional<std::string_view>);
using ReorderConvolution = at::Tensor(const at::Tensor&, c10::SymIntArrayRef, c10::SymIntArrayRef, c10::SymIntArrayRef,
                                      c10::SymInt, at::OptionalSymIntArrayRef);
using PointwiseConvolution = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                                        c10::SymIntArrayRef, c10::SymIntArrayRef, c10::SymIntArrayRef, c10::SymInt,
                                        std::string_view, Scalars, std::optional<std::string_view>);
// Tensors by value, as these two were registered.
using PackInt8 = at::Tensor(at::Tensor, std::optional<c10::List<int64_t>>);
using PointwiseInt8 = at::Tensor(at::Tensor, double, int64_t, at::Tensor, at::Tensor, at::Tensor,
                                 std::optional<at::Tensor>, double, int64_t, std::optional<at::ScalarType>,
                                 std::string_view, Scalars, std::string_view);
constexpr std::array<int64_t, 2> kDilation = {1, 1};

// The operators as LibTorch 2.13 has them; those that another one lacks, or has with other arguments, are not there.
struct Operators {
  Operator<Reorder> reorder =
      find_operator<Reorder>("mkldnn::_reorder_linear_weight(Tensor self, int? batch_size=None) -> Tensor Y");
  Operator<Pointwise> pointwise = find_operator<Pointwise>(
      "mkldnn::_linear_pointwise(Tensor X, Tensor W, Tensor? B, str attr, Scalar?[] scalars, str? algorithm) -> "
      "Tensor Y");
  Operator<ReorderConvolution> reorder_convolution = find_operator<ReorderConvolution>(
      "mkldnn::_reorder_convolution_weight(Tensor self, int[2] padding=0, int[2] stride=1, int[2] dilation=1, "
      "int groups=1, int[]? input_size=None) -> Tensor Y");
  Operator<PointwiseConvolution> pointwise_convolution = find_operator<PointwiseConvolution>(
      "mkldnn::_convolution_pointwise(Tensor X, Tensor W, Tensor? B, int[] padding, int[] stride, int[] dilation, "
      "int groups, str attr, Scalar?[] scalars, str? algorithm) -> Tensor Y");
  Operator<PackInt8> pack_int8 =
      find_operator<PackInt8>("onednn::qlinear_prepack(Tensor weight, int[]? x_shape) -> Tensor");
  Operator<PointwiseInt8> pointwise_int8 = find_operator<PointwiseInt8>(
      "onednn::qlinear_pointwise(Tensor qx, float x_scale, int x_zero_point, Tensor qw, Tensor w_scale, "
      "Tensor w_zero_point, Tensor? bias, float output_scale, int output_zero_point, ScalarType? output_dtype, "
      "str post_op_name, Scalar?[] post_op_args, str post_op_algorithm) -> Tensor");

  bool has_products() const { return reorder && pointwise && reorder_convolution && pointwise_convolution; }
  bool has_int8() const { return pack_int8 && pointwise_int8; }
};

const Operators& operators() {
  static const Operators found;
  return found;
}

// product(x [..., in]) [..., out], by kFewestRows equal ones where x has one row.
template <class Product>
at::Tensor of_rows(const at::Tensor& x, const Product& product) {
  if (x.numel() != x.size(-1)) return product(x);
  const at::Tensor pair = product(x.reshape({1, -1}).expand({kFewestRows, -1}).contiguous());
  at::DimVector shape(x.sizes());
  shape.back() = pair.size(1);
  return pair.narrow(0, 0, 1).view(shape);
}

}  // namespace

bool has_onednn(at::ScalarType type) {
  if (kernels::avoids_cpu_paths()) return false;
  if (!at::globalContext().hasMKLDNN() || !at::globalContext().userEnabledMkldnn()) return false;
  if (!operators().has_products()) return false;
  if (type == at::kChar) return operators().has_int8() && at::cpu::is_avx512_vnni_supported();
  return type == at::kFloat || (type == at::kBFloat16 && at::cpu::is_avx512_vnni_supported());
}

at::Tensor onednn_pack(const at::Tensor& weight, int64_t rows) {
  return operators().reorder->call(weight, c10::SymInt(rows));
}

at::Tensor onednn_linear(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  return of_rows(x, [&](const at::Tensor& rows) {
    return operators().pointwise->call(rows, weight, bias, "none", Scalars(), std::nullopt);
  });
}

at::Tensor onednn_pack_int8(const at::Tensor& weight, int64_t rows) {
  c10::List<int64_t> input;
  input.push_back(rows);
  input.push_back(weight.size(1));
  return operators().pack_int8->call(weight.contiguous(), input);
}

// Signed rows would run about a thousand times slower, rows counted from 128 cost nothing.
at::Tensor onednn_linear_int8(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& scales) {
  constexpr int64_t kZero = 128;
  static const at::Tensor zero = at::zeros({1}, at::kLong);
  return of_rows(x, [&](const at::Tensor& rows) {
    return operators().pointwise_int8->call(rows, 1.0, kZero, weight, scales, zero, std::nullopt, 1.0, 0, at::kBFloat16,
                                            "none", Scalars(), "");
  });
}

at::Tensor onednn_pack_convolution(const at::Tensor& weight, const ConvolutionForm& form, at::IntArrayRef input) {
  return operators().reorder_convolution->call(
      weight, c10::fromIntArrayRefSlow(form.padding), c10::fromIntArrayRefSlow(form.stride),
      c10::fromIntArrayRefSlow(kDilation), form.groups, c10::fromIntArrayRefSlow(input));
}

at::Tensor onednn_convolution(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                              const ConvolutionForm& form) {
  std::string_view name = "none";
  Scalars limits;
  if (form.activation == Activation::relu) name = "relu";
  if (form.activation == Activation::relu6) {
    name = "hardtanh";
    limits.push_back(at::Scalar(0.0));
    limits.push_back(at::Scalar(6.0));
  }
  return operators().pointwise_convolution->call(
      x, weight, bias, c10::fromIntArrayRefSlow(form.padding), c10::fromIntArrayRefSlow(form.stride),
      c10::fromIntArrayRefSlow(kDilation), form.groups, name, limits, std::nullopt);
}

}  // namespace pixnerd::nn
