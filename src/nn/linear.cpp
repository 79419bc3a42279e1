#include "nn/linear.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>

#include <cmath>

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
  if (packed_) return onednn_linear(x.to(packed_->dtype), packed_->weight, packed_->bias);
  return has_linear_product(x, weight) ? linear_product(x, weight, bias) : at::linear(x, weight, bias);
}

void LinearImpl::pack(at::ScalarType dtype, int64_t rows) {
  packed_ = Packed{onednn_pack(weight.detach().to(dtype).contiguous(), rows), std::nullopt, dtype};
  if (bias.defined()) packed_->bias = bias.detach().to(dtype);
  weight.set_data(at::empty({0}, weight.options()));
}

Linear register_in_sequence(torch::nn::Module& parent, const std::string& name, int64_t index, Linear child) {
  auto children = parent.named_children();
  auto sequence =
      children.contains(name) ? children[name] : parent.register_module(name, std::make_shared<torch::nn::Module>());
  return sequence->register_module(std::to_string(index), std::move(child));
}

}  // namespace pixnerd::nn
