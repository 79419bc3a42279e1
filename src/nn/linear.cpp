#include "nn/linear.h"

#include <ATen/ops/empty.h>

#include <cmath>

#include "nn/kernel_call.h"
#include "nn/linear_product.h"
#include "nn/onednn.h"

namespace pixnerd::nn {
LinearImpl::LinearImpl(int64_t in_features, int64_t out_features, bool with_bias) {
  weight = register_parameter("weight", at::empty({out_features, in_features}));
  if (with_bias) bias = register_parameter("bias", at::empty({out_features}));
}

void LinearImpl::initialise(at::Generator& generator) {
  const at::NoGradGuard no_grad;
  const double bound = 1.0 / std::sqrt(static_cast<double>(weight.size(1)));
  weight.uniform_(-bound, bound, generator);
  if (bias.defined()) bias.uniform_(-bound, bound, generator);
}

at::Tensor LinearImpl::forward(const at::Tensor& x) const {
  if (takes_int8()) return forward(quantise_rows(has_kernels(x) ? x : x.to(at::kFloat)));
  if (packed_) {
    const auto added = packed_->bias.defined() ? std::make_optional(packed_->bias) : std::nullopt;
    return onednn_linear(x.to(packed_->dtype).contiguous(), packed_->weight, added);
  }
  return linear_product(x, weight_scales.defined() ? dequantise({weight, weight_scales}) : weight, bias);
}

at::Tensor LinearImpl::forward(const QuantisedRows& x) const {
  at::Tensor y = unscaled(x);
  scale_rows(y, x.scales, packed_->bias);
  return y;
}

at::Tensor LinearImpl::unscaled(const QuantisedRows& x) const {
  const at::Tensor y = onednn_linear_int8(x.values.flatten(0, -2), packed_->weight, packed_->scales);
  at::DimVector shape(x.values.sizes());
  shape.back() = y.size(1);
  return y.view(shape);
}

void LinearImpl::pack(at::ScalarType dtype, int64_t rows) {
  if (packed_) return;
  Packed packed{{}, {}, {}, dtype};
  if (dtype == at::kChar) {
    const QuantisedWeight in_bytes =
        weight_scales.defined() ? QuantisedWeight{weight, weight_scales} : quantise_weight(weight);
    packed.weight = onednn_pack_int8(in_bytes.values, rows);
    packed.scales = in_bytes.scales.clone();
  } else {
    const at::Tensor real = weight_scales.defined() ? dequantise({weight, weight_scales}) : weight.detach();
    packed.weight = onednn_pack(real.to(dtype).contiguous(), rows);
  }
  if (bias.defined()) packed.bias = bias.detach().to(dtype == at::kChar ? at::kFloat : dtype);
  packed_ = std::move(packed);
  weight.set_data(at::empty({0}, at::kFloat));
  weight_scales.reset();
}

Linear register_in_sequence(torch::nn::Module& parent, const std::string& name, int64_t index, Linear child) {
  auto children = parent.named_children();
  auto sequence =
      children.contains(name) ? children[name] : parent.register_module(name, std::make_shared<torch::nn::Module>());
  return sequence->register_module(std::to_string(index), std::move(child));
}

}  // namespace pixnerd::nn
