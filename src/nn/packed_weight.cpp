#include "nn/packed_weight.h"

#include <ATen/Context.h>
#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <string_view>

namespace pixnerd::nn {
namespace {

using Scalars = c10::List<std::optional<at::Scalar>>;
using Reorder = at::Tensor(const at::Tensor&, std::optional<c10::SymInt>);
using Pointwise = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::string_view,
                             Scalars, std::optional<std::string_view>);
using Binary = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                          std::string_view);

// The number of rows that the order is chosen for; any other works. A picture of 256 x 256 pixels has so many tokens.
constexpr int64_t kTypicalRows = 256;

constexpr const char* kReorder = "mkldnn::_reorder_linear_weight";
constexpr const char* kPointwise = "mkldnn::_linear_pointwise";

// The operators that torch.compile uses; they have no C++ function of their own.
template <class Signature>
const c10::TypedOperatorHandle<Signature>& operator_of(const char* name, const char* overload) {
  static const auto handle = c10::Dispatcher::singleton().findSchemaOrThrow(name, overload).template typed<Signature>();
  return handle;
}

at::Tensor pointwise(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                     std::string_view then) {
  return operator_of<Pointwise>(kPointwise, "").call(x, weight, bias, then, Scalars(), std::nullopt);
}

}  // namespace

bool PackedWeight::is_available(at::ScalarType dtype) {
  if (!at::globalContext().hasMKLDNN()) return false;
  if (!c10::Dispatcher::singleton().findSchema({kReorder, ""})) return false;
  return dtype == at::kFloat || (dtype == at::kBFloat16 && at::globalContext().userEnabledMkldnn());
}

PackedWeight::PackedWeight(const at::Tensor& weight, const at::Tensor& bias, at::ScalarType dtype)
    : weight_(
          operator_of<Reorder>(kReorder, "").call(weight.detach().to(dtype).contiguous(), c10::SymInt(kTypicalRows))),
      dtype_(dtype) {
  if (bias.defined()) bias_ = bias.detach().to(dtype);
}

at::Tensor PackedWeight::linear(const at::Tensor& x) const {
  return pointwise(x.to(dtype_), weight_, bias_, "none");
}

at::Tensor PackedWeight::silu_linear(const at::Tensor& x) const {
  return pointwise(x.to(dtype_), weight_, bias_, "swish");
}

at::Tensor PackedWeight::linear_times(const at::Tensor& x, const at::Tensor& factor) const {
  return operator_of<Binary>(kPointwise, "binary").call(x.to(dtype_), factor, weight_, bias_, "mul");
}

}  // namespace pixnerd::nn
