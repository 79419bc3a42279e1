#include "nn/linear.h"

#include <ATen/ops/empty.h>

#include <cmath>

#include "nn/kernel_call.h"
#include "nn/linear_product.h"

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
  if (turned_) return packed_->product(quantise_rows(turn_rows(x)));
  if (packed_) return packed_->product(x.to(packed_->dtype()));
  return linear_product(x, weight_scales.defined() ? dequantise({weight, weight_scales}) : weight, bias);
}

at::Tensor LinearImpl::forward(const QuantisedRows& x) const {
  return packed_->product(x);
}

at::Tensor LinearImpl::unscaled(const QuantisedRows& x) const {
  return packed_->unscaled(x);
}

void LinearImpl::pack(at::ScalarType dtype, int64_t rows) {
  if (packed_) return;
  if (dtype == at::kChar) {
    packed_.emplace(weight_scales.defined() ? QuantisedWeight{weight, weight_scales} : quantise_weight(weight), bias,
                    rows);
  } else {
    const at::Tensor real = weight_scales.defined() ? dequantise({weight, weight_scales}) : weight.detach();
    packed_.emplace(real.to(dtype), bias, rows);
  }
  weight.set_data(at::empty({0}, at::kFloat));
  weight_scales.reset();
}

void LinearImpl::pack_turned() {
  if (packed_) return;
  packed_.emplace(quantise_weight(turn_rows(weight.to(at::kBFloat16))), bias, kTypicalRows);
  turned_ = true;
  weight.set_data(at::empty({0}, at::kFloat));
}

Linear register_in_sequence(torch::nn::Module& parent, const std::string& name, int64_t index, Linear child) {
  auto children = parent.named_children();
  auto sequence =
      children.contains(name) ? children[name] : parent.register_module(name, std::make_shared<torch::nn::Module>());
  return sequence->register_module(std::to_string(index), std::move(child));
}

}  // namespace pixnerd::nn
