#include "nn/field_kernel.h"

#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/field_block.h"
#include "nn/kernel_call.h"
#include "nn/spans.h"

namespace pixnerd::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

kernels::FieldShape shape_of(const at::Tensor& u, const at::Tensor& parameters, bool normalise_second) {
  kernels::FieldShape shape;
  shape.pixels = u.size(1);
  shape.width = u.size(2);
  shape.hidden = parameters.size(1) / (2 * shape.width);
  shape.normalise_second = normalise_second;
  return shape;
}

int64_t work_of_token(const kernels::FieldShape& shape) {
  return shape.pixels * shape.parameters();
}

struct FieldBlock : torch::autograd::Function<FieldBlock> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& u, const at::Tensor& parameters,
                            const at::Tensor& norm_weight, bool normalise_second) {
    context->save_for_backward({u, parameters, norm_weight});
    context->saved_data["normalise_second"] = normalise_second;
    const kernels::FieldShape shape = shape_of(u, parameters, normalise_second);
    at::Tensor y = at::empty_like(u);
    with_storage_type(u, [&](auto type) {
      using T = decltype(type);
      const kernels::FieldForward<T> field{read<T>(u), read<T>(parameters), read<float>(norm_weight), write<T>(y)};
      share(u.size(0), work_of_token(shape), [&](int64_t begin, int64_t end) {
        kernels::field_forward(shape, field, {begin, end});
      });
    });
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &u = saved[0], &parameters = saved[1], grad_y = grad[0].contiguous();
    const kernels::FieldShape shape = shape_of(u, parameters, context->saved_data["normalise_second"].toBool());
    at::Tensor grad_u = at::empty_like(u), grad_parameters = at::empty_like(parameters);
    const Spans spans(1, u.size(0), 3 * work_of_token(shape));
    SpanSums grad_norm(spans.count(), 1, u.size(2));
    with_storage_type(u, [&](auto type) {
      using T = decltype(type);
      spans.share([&](const Span& span) {
        kernels::FieldBackward<T> field;
        field.u = read<T>(u);
        field.parameters = read<T>(parameters);
        field.norm_weight = read<float>(saved[2]);
        field.grad_y = read<T>(grad_y);
        field.grad_u = write<T>(grad_u);
        field.grad_parameters = write<T>(grad_parameters);
        field.grad_norm_weight = grad_norm.of(span.number);
        kernels::field_backward(shape, field, {span.begin, span.end});
      });
    });
    return {grad_u, grad_parameters, grad_norm.total()[0], at::Tensor()};
  }
};

}  // namespace

at::Tensor field_block(const at::Tensor& u, const at::Tensor& parameters, const at::Tensor& norm_weight,
                       bool normalise_second) {
  return FieldBlock::apply(u.contiguous(), parameters.to(u.scalar_type()).contiguous(), norm_weight, normalise_second);
}

}  // namespace pixnerd::nn
