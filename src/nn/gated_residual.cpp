#include "nn/gated_residual.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/gate.h"
#include "nn/kernel_call.h"
#include "nn/spans.h"

namespace pixnerd::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// By the kernel, as one operation of autograd. All of one type; x and h contiguous.
struct GatedResidual : torch::autograd::Function<GatedResidual> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& gate,
                            const at::Tensor& h) {
    context->save_for_backward({gate, h});
    at::Tensor y = at::empty_like(x);
    const kernels::GateShape shape{x.size(2), x.size(1), gate.stride(0)};
    with_storage_type(x, [&](auto type) {
      using T = decltype(type);
      const kernels::GateForward<T> residual{read<T>(x), read<T>(gate), read<T>(h), write<T>(y)};
      over_rows(x.size(0) * x.size(1), x.size(2), [&](int64_t begin, int64_t end) {
        kernels::gate_forward(shape, residual, {begin, end});
      });
    });
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor gate = saved[0].contiguous(), h = saved[1], grad_y = grad[0].contiguous();
    at::Tensor grad_h = at::empty_like(h);
    const Spans spans(h.size(0), h.size(1), kWorkOfNumber * h.size(2));
    SpanSums grad_gate(spans.parts(), gate.size(0), gate.size(2));
    const kernels::GateShape shape{h.size(2), h.size(1), h.size(2)};
    with_storage_type(h, [&](auto type) {
      using T = decltype(type);
      spans.share([&](const Span& span) {
        const kernels::GateBackward<T> residual{read<T>(gate), read<T>(h), read<T>(grad_y), write<T>(grad_h),
                                                grad_gate.of(span.part)};
        kernels::gate_backward(shape, residual, {span.begin, span.end});
      });
    });
    return {grad_y, grad_gate.total().unsqueeze(1).to(gate.scalar_type()), grad_h};
  }
};

}  // namespace

at::Tensor gated_residual(const at::Tensor& x, const at::Tensor& gate, const at::Tensor& h) {
  if (!has_kernels(x)) return x + gate * h;
  const at::ScalarType type = x.scalar_type();
  return GatedResidual::apply(x.contiguous(), gate.to(type), h.to(type).contiguous());
}

}  // namespace pixnerd::nn
