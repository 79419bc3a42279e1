#include "nn/rms_norm.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/rsqrt.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "kernels/quantise.h"
#include "kernels/rms_norm.h"
#include "nn/kernel_call.h"
#include "nn/spans.h"

namespace pixnerd::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// By plain operators. The normalised value is cast back to x's type before the weight multiplies it.
at::Tensor composed(const at::Tensor& x, const at::Tensor& weight) {
  const at::Tensor x32 = x.to(at::kFloat);
  const at::Tensor scale = at::rsqrt(at::mean(x32 * x32, {-1}, /*keepdim=*/true) + kRMSNormEps);
  return (x32 * scale).to(x.scalar_type()) * weight;
}

// Of x [..., D] and, where scale is defined, of a scale whose samples are scale.stride(0) values apart.
kernels::NormShape norm_shape(const at::Tensor& x, const at::Tensor& scale) {
  kernels::NormShape shape;
  shape.width = x.size(-1);
  shape.eps = static_cast<float>(kRMSNormEps);
  if (scale.defined()) {
    shape.rows_per_sample = x.size(1);
    shape.modulation_stride = scale.stride(0);
  } else {
    shape.rows_per_sample = x.numel() / shape.width;
  }
  return shape;
}

// By the kernel, as one operation of autograd. shift and scale are there both or not at all; they have x's type and
// equal strides.
struct RMSNormKernel : torch::autograd::Function<RMSNormKernel> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& given_shift,
                            const std::optional<at::Tensor>& given_scale) {
    const at::Tensor shift = given_shift.value_or(at::Tensor()), scale = given_scale.value_or(at::Tensor());
    context->save_for_backward({x, weight, scale});
    at::Tensor y = at::empty_like(x);
    const kernels::NormShape shape = norm_shape(x, scale);
    with_storage_type(x, [&](auto type) {
      using T = decltype(type);
      const kernels::NormForward<T> norm{read<T>(x), read<float>(weight), read<T>(scale), read<T>(shift), write<T>(y)};
      over_rows(x.numel() / shape.width, shape.width, [&](int64_t begin, int64_t end) {
        kernels::norm_forward(shape, norm, {begin, end});
      });
    });
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &scale = saved[2], grad_y = grad[0].contiguous();
    at::Tensor grad_x = at::empty_like(x);
    kernels::NormShape shape = norm_shape(x, scale);
    const int64_t samples = scale.defined() ? scale.size(0) : 0;
    const at::Tensor scales = scale.defined() ? scale.contiguous() : scale;
    shape.modulation_stride = shape.width;
    const int64_t rows = x.numel() / shape.width;
    const Spans spans(std::max<int64_t>(1, samples), samples > 0 ? rows / samples : rows, kWorkOfNumber * shape.width);
    SpanSums grad_weight(spans.count(), 1, shape.width);
    SpanSums grad_scale(spans.parts(), samples, shape.width), grad_shift(spans.parts(), samples, shape.width);
    with_storage_type(x, [&](auto type) {
      using T = decltype(type);
      spans.share([&](const Span& span) {
        kernels::NormBackward<T> norm;
        norm.x = read<T>(x);
        norm.weight = read<float>(weight);
        norm.scale = read<T>(scales);
        norm.grad_y = read<T>(grad_y);
        norm.grad_x = write<T>(grad_x);
        norm.grad_weight = grad_weight.of(span.number);
        if (samples > 0) {
          norm.grad_scale = grad_scale.of(span.part);
          norm.grad_shift = grad_shift.of(span.part);
        }
        kernels::norm_backward(shape, norm, {span.begin, span.end});
      });
    });
    if (samples == 0) return {grad_x, grad_weight.total()[0], {}, {}};
    const auto of_samples = [&](const SpanSums& sums) { return sums.total().unsqueeze(1).to(x.scalar_type()); };
    return {grad_x, grad_weight.total()[0], of_samples(grad_shift), of_samples(grad_scale)};
  }
};

}  // namespace

RMSNormImpl::RMSNormImpl(int64_t width) {
  weight = register_parameter("weight", at::empty({width}));
}

void RMSNormImpl::initialise() {
  const at::NoGradGuard no_grad;
  weight.fill_(1.0);
}

at::Tensor RMSNormImpl::forward(const at::Tensor& x) const {
  if (!has_kernels(x)) return composed(x, weight);
  return RMSNormKernel::apply(x.contiguous(), weight, std::nullopt, std::nullopt);
}

at::Tensor RMSNormImpl::forward(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale) const {
  if (!has_kernels(x)) return composed(x, weight) * (1 + scale) + shift;
  const at::ScalarType type = x.scalar_type();
  return RMSNormKernel::apply(x.contiguous(), weight, std::make_optional(shift.to(type)),
                              std::make_optional(scale.to(type)));
}

QuantisedRows RMSNormImpl::quantised(const at::Tensor& given, const at::Tensor& given_shift,
                                     const at::Tensor& given_scale) const {
  const at::Tensor x = given.contiguous();
  const auto of_type = [&](const at::Tensor& tensor) { return tensor.defined() ? tensor.to(x.scalar_type()) : tensor; };
  const at::Tensor shift = of_type(given_shift), scale = of_type(given_scale);
  const kernels::NormShape shape = norm_shape(x, scale);
  const int64_t rows = x.numel() / shape.width;
  QuantisedRows result{at::empty(x.sizes(), at::kByte), at::empty({rows}, at::kFloat)};
  with_storage_type(x, [&](auto type) {
    using T = decltype(type);
    const kernels::QuantiseNorm<T> norm{read<T>(x),     read<float>(weight),           read<T>(scale),
                                        read<T>(shift), write<uint8_t>(result.values), write<float>(result.scales)};
    over_rows(rows, shape.width, [&](int64_t begin, int64_t end) {
      kernels::quantise_norm(shape, norm, {begin, end});
    });
  });
  return result;
}

}  // namespace pixnerd::nn
