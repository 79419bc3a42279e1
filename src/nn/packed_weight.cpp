#include "nn/packed_weight.h"

#include "nn/onednn.h"

namespace pixnerd::nn {

bool has_packed_products(at::ScalarType type) {
  return has_product_kernel(type) || has_onednn(type);
}

PackedWeight::PackedWeight(const at::Tensor& weight, const at::Tensor& bias, int64_t rows)
    : dtype_(weight.scalar_type()), by_kernel_(has_product_kernel(dtype_)), out_(weight.size(0)) {
  packed_.weight = by_kernel_ ? pack_for_kernel(weight, dtype_) : onednn_pack(weight.contiguous(), rows);
  if (bias.defined()) bias_ = bias.detach().to(by_kernel_ ? at::kFloat : dtype_);
}

PackedWeight::PackedWeight(const QuantisedWeight& weight, const at::Tensor& bias, int64_t rows)
    : dtype_(at::kChar), by_kernel_(has_product_kernel(dtype_)), out_(weight.values.size(0)) {
  if (by_kernel_) {
    packed_ = pack_int8_for_kernel(weight.values, weight.scales);
  } else {
    packed_.weight = onednn_pack_int8(weight.values, rows);
    packed_.scales = weight.scales.clone();
  }
  if (bias.defined()) bias_ = bias.detach().to(at::kFloat);
}

at::Tensor PackedWeight::product(const at::Tensor& x) const {
  if (by_kernel_) return kernel_linear(x, packed_.weight, out_, bias_);
  return onednn_linear(x.contiguous(), packed_.weight, bias_.defined() ? std::make_optional(bias_) : std::nullopt);
}

at::Tensor PackedWeight::product(const QuantisedRows& x) const {
  if (by_kernel_) return of_bytes(x, /*with_scales=*/true);
  at::Tensor y = unscaled(x);
  scale_rows(y, x.scales, bias_);
  return y;
}

at::Tensor PackedWeight::unscaled(const QuantisedRows& x) const {
  return of_bytes(x, /*with_scales=*/false);
}

at::Tensor PackedWeight::of_bytes(const QuantisedRows& x, bool with_scales) const {
  const at::Tensor rows = x.values.flatten(0, -2);
  const at::Tensor y = by_kernel_ ? kernel_linear_int8(rows, with_scales ? x.scales : at::Tensor(), packed_,
                                                       with_scales ? bias_ : at::Tensor())
                                  : onednn_linear_int8(rows, packed_.weight, packed_.scales);
  at::DimVector shape(x.values.sizes());
  shape.back() = out_;
  return y.view(shape);
}

}  // namespace pixnerd::nn
