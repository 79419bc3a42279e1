#include "nn/quantised.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

#include "kernels/hadamard.h"
#include "kernels/quantise.h"
#include "nn/kernel_call.h"

namespace pixnerd::nn {
namespace {

// As a type that kernels read.
at::Tensor storable(const at::Tensor& weight) {
  const at::Tensor source = weight.detach();
  return source.scalar_type() == at::kBFloat16 ? source : source.to(at::kFloat);
}

}  // namespace

QuantisedRows quantise_rows(const at::Tensor& given) {
  const at::Tensor x = given.contiguous();
  const int64_t width = x.size(-1), rows = x.numel() / width;
  QuantisedRows result{at::empty(x.sizes(), at::kByte), at::empty({rows}, at::kFloat)};
  with_storage_type(x, [&](auto type) {
    using T = decltype(type);
    const kernels::QuantiseRows<T> rounding{read<T>(x), write<uint8_t>(result.values), write<float>(result.scales)};
    over_rows(rows, width, [&](int64_t begin, int64_t end) { kernels::quantise_rows(width, rounding, {begin, end}); });
  });
  return result;
}

at::Tensor turn_rows(const at::Tensor& given) {
  const at::Tensor x = storable(given).contiguous();
  const int64_t width = x.size(-1);
  at::Tensor result = at::empty(x.sizes(), at::kFloat);
  with_storage_type(x, [&](auto type) {
    using T = decltype(type);
    const kernels::TurnRows<T> turning{read<T>(x), write<float>(result)};
    over_rows(x.numel() / width, width, [&](int64_t begin, int64_t end) {
      kernels::turn_rows(width, turning, {begin, end});
    });
  });
  return result;
}

QuantisedRows quantise_gated(const at::Tensor& a, const at::Tensor& b, const at::Tensor& scales) {
  const int64_t width = a.size(-1), rows = scales.size(0);
  const kernels::SwiGLUShape shape{width, a.dim() > 1 ? a.stride(-2) : width};
  QuantisedRows result{at::empty(a.sizes(), at::kByte), at::empty({rows}, at::kFloat)};
  with_storage_type(a, [&](auto type) {
    using T = decltype(type);
    const kernels::QuantiseSwiGLU<T> gate{read<T>(a), read<T>(b), read<float>(scales), write<uint8_t>(result.values),
                                          write<float>(result.scales)};
    over_rows(rows, width, [&](int64_t begin, int64_t end) { kernels::quantise_swiglu(shape, gate, {begin, end}); });
  });
  return result;
}

// The bytes of rows count from 128, those of weights from 0: the uppermost bit is the difference.
QuantisedWeight quantise_weight(const at::Tensor& weight) {
  const QuantisedRows rows = quantise_rows(storable(weight));
  return {rows.values.bitwise_xor_(kernels::kZeroPoint).view(at::kChar), rows.scales};
}

at::Tensor dequantise(const QuantisedWeight& weight) {
  return weight.values.to(at::kFloat) * weight.scales.unsqueeze(1);
}

void scale_rows(at::Tensor& y, const at::Tensor& scales, const at::Tensor& bias) {
  const int64_t width = y.size(-1);
  with_storage_type(y, [&](auto type) {
    using T = decltype(type);
    T* values = write<T>(y);
    const kernels::ScaleRows<T> scaling{values, read<float>(scales), read<float>(bias), values};
    over_rows(scales.size(0), width, [&](int64_t begin, int64_t end) {
      kernels::scale_rows(width, scaling, {begin, end});
    });
  });
}

}  // namespace pixnerd::nn
