#include "nn/field_kernel.h"

#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/field_block.h"
#include "nn/kernel_call.h"

namespace pixnerd::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

kernels::FieldShape shape_of(const at::Tensor& u, const at::Tensor& parameters) {
  kernels::FieldShape shape;
  shape.pixels = u.size(1);
  shape.width = u.size(2);
  shape.hidden = parameters.size(1) / (2 * shape.width);
  return shape;
}

template <class T>
at::Tensor forward(const at::Tensor& u, const at::Tensor& parameters, const at::Tensor& norm_weight) {
  at::Tensor y = at::empty_like(u);
  const kernels::FieldForward<T> field{read<T>(u), read<T>(parameters), read<float>(norm_weight), write<T>(y)};
  const kernels::FieldShape shape = shape_of(u, parameters);
  at::parallel_for(0, u.size(0), 1, [&](int64_t begin, int64_t end) {
    kernels::field_forward(shape, field, {begin, end});
  });
  return y;
}

template <class T>
variable_list backward(const at::Tensor& u, const at::Tensor& parameters, const at::Tensor& norm_weight,
                       const at::Tensor& grad_y) {
  at::Tensor grad_u = at::empty_like(u), grad_parameters = at::empty_like(parameters);
  ThreadSums grad_norm(1, u.size(2));
  const kernels::FieldShape shape = shape_of(u, parameters);
  at::parallel_for(0, u.size(0), 1, [&](int64_t begin, int64_t end) {
    kernels::FieldBackward<T> field;
    field.u = read<T>(u);
    field.parameters = read<T>(parameters);
    field.norm_weight = read<float>(norm_weight);
    field.grad_y = read<T>(grad_y);
    field.grad_u = write<T>(grad_u);
    field.grad_parameters = write<T>(grad_parameters);
    field.grad_norm_weight = grad_norm.mine();
    kernels::field_backward(shape, field, {begin, end});
  });
  return {grad_u, grad_parameters, grad_norm.total()[0]};
}

struct FieldBlock : torch::autograd::Function<FieldBlock> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& u, const at::Tensor& parameters,
                            const at::Tensor& norm_weight) {
    context->save_for_backward({u, parameters, norm_weight});
    return u.scalar_type() == at::kFloat ? nn::forward<float>(u, parameters, norm_weight)
                                         : nn::forward<kernels::BFloat16>(u, parameters, norm_weight);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor grad_y = grad[0].contiguous();
    return saved[0].scalar_type() == at::kFloat ? nn::backward<float>(saved[0], saved[1], saved[2], grad_y)
                                                : nn::backward<kernels::BFloat16>(saved[0], saved[1], saved[2], grad_y);
  }
};

}  // namespace

at::Tensor field_block(const at::Tensor& u, const at::Tensor& parameters, const at::Tensor& norm_weight) {
  return FieldBlock::apply(u.contiguous(), parameters.to(u.scalar_type()).contiguous(), norm_weight);
}

}  // namespace pixnerd::nn
