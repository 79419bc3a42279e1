#include "nn/onednn.h"

#include <ATen/Context.h>
#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/cpu/Utils.h>
#include <ATen/ops/zeros.h>

#include <string_view>

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
constexpr const char *kReorder = "mkldnn::_reorder_linear_weight", *kPointwise = "mkldnn::_linear_pointwise",
                     *kReorderConvolution = "mkldnn::_reorder_convolution_weight",
                     *kPointwiseConvolution = "mkldnn::_convolution_pointwise", *kPackInt8 = "onednn::qlinear_prepack",
                     *kPointwiseInt8 = "onednn::qlinear_pointwise";
constexpr std::array<int64_t, 2> kDilation = {1, 1};

template <class Signature>
const c10::TypedOperatorHandle<Signature>& operator_of(const char* name) {
  static const auto handle = c10::Dispatcher::singleton().findSchemaOrThrow(name, "").template typed<Signature>();
  return handle;
}

bool is_there(const char* name) {
  return c10::Dispatcher::singleton().findSchema({name, ""}).has_value();
}

}  // namespace

bool has_onednn(at::ScalarType type) {
  static const bool has_operators = at::globalContext().hasMKLDNN() && is_there(kReorder) && is_there(kPointwise) &&
                                    is_there(kReorderConvolution) && is_there(kPointwiseConvolution);
  static const bool has_int8 = is_there(kPackInt8) && is_there(kPointwiseInt8);
  if (!has_operators || !at::globalContext().userEnabledMkldnn()) return false;
  if (type == at::kChar) return has_int8 && at::cpu::is_avx512_vnni_supported();
  return type == at::kFloat || (type == at::kBFloat16 && at::cpu::is_avx512_vnni_supported());
}

at::Tensor onednn_pack(const at::Tensor& weight, int64_t rows) {
  return operator_of<Reorder>(kReorder).call(weight, c10::SymInt(rows));
}

at::Tensor onednn_linear(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  return operator_of<Pointwise>(kPointwise).call(x, weight, bias, "none", Scalars(), std::nullopt);
}

at::Tensor onednn_pack_int8(const at::Tensor& weight, int64_t rows) {
  c10::List<int64_t> input;
  input.push_back(rows);
  input.push_back(weight.size(1));
  return operator_of<PackInt8>(kPackInt8).call(weight.contiguous(), input);
}

// Signed rows would run about a thousand times slower, rows counted from 128 cost nothing.
at::Tensor onednn_linear_int8(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& scales) {
  constexpr int64_t kZero = 128;
  static const at::Tensor zero = at::zeros({1}, at::kLong);
  return operator_of<PointwiseInt8>(kPointwiseInt8)
      .call(x, 1.0, kZero, weight, scales, zero, std::nullopt, 1.0, 0, at::kBFloat16, "none", Scalars(), "");
}

at::Tensor onednn_pack_convolution(const at::Tensor& weight, const ConvolutionForm& form, at::IntArrayRef input) {
  return operator_of<ReorderConvolution>(kReorderConvolution)
      .call(weight, c10::fromIntArrayRefSlow(form.padding), c10::fromIntArrayRefSlow(form.stride),
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
  return operator_of<PointwiseConvolution>(kPointwiseConvolution)
      .call(x, weight, bias, c10::fromIntArrayRefSlow(form.padding), c10::fromIntArrayRefSlow(form.stride),
            c10::fromIntArrayRefSlow(kDilation), form.groups, name, limits, std::nullopt);
}

}  // namespace pixnerd::nn
