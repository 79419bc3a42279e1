#include "nn/attention_kernel.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/attention.h"
#include "nn/kernel_call.h"

namespace pixnerd::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

kernels::AttentionShape shape_of(const at::Tensor& q, const at::Tensor& k) {
  return {q.size(1), q.size(2), k.size(2), q.size(3)};
}

int64_t work_of_head(const kernels::AttentionShape& shape) {
  return 2 * shape.queries * shape.keys * shape.width;
}

// `log_sums` [B, H, L], or undefined where nobody wants them.
at::Tensor run_forward(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, at::Tensor log_sums) {
  const kernels::AttentionShape shape = shape_of(q, k);
  at::Tensor y = at::empty({q.size(0), shape.queries, shape.heads * shape.width}, q.options());
  with_storage_type(q, [&](auto type) {
    using T = decltype(type);
    const kernels::AttentionForward<T> attention{read<T>(q), read<T>(k), read<T>(v), write<T>(y),
                                                 write<float>(log_sums)};
    share(q.size(0) * shape.heads, work_of_head(shape), [&](int64_t begin, int64_t end) {
      kernels::attention_forward(shape, attention, {begin, end});
    });
  });
  return y;
}

struct AttentionByKernel : torch::autograd::Function<AttentionByKernel> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
    const at::Tensor log_sums = at::empty({q.size(0), q.size(1), q.size(2)}, q.options().dtype(at::kFloat));
    const at::Tensor y = run_forward(q, k, v, log_sums);
    context->save_for_backward({q, k, v, y, log_sums});
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], grad_y = grad[0].contiguous();
    const kernels::AttentionShape shape = shape_of(q, k);
    at::Tensor grad_q = at::empty_like(q), grad_k = at::empty_like(k), grad_v = at::empty_like(v);
    with_storage_type(q, [&](auto type) {
      using T = decltype(type);
      kernels::AttentionBackward<T> attention;
      attention.q = read<T>(q);
      attention.k = read<T>(k);
      attention.v = read<T>(v);
      attention.y = read<T>(saved[3]);
      attention.log_sums = read<float>(saved[4]);
      attention.grad_y = read<T>(grad_y);
      attention.grad_q = write<T>(grad_q);
      attention.grad_k = write<T>(grad_k);
      attention.grad_v = write<T>(grad_v);
      share(q.size(0) * shape.heads, 2 * work_of_head(shape), [&](int64_t begin, int64_t end) {
        kernels::attention_backward(shape, attention, {begin, end});
      });
    });
    return {grad_q, grad_k, grad_v};
  }
};

}  // namespace

bool has_attention_kernel(const at::Tensor& q, const at::Tensor& k) {
  return has_kernels(q) && k.scalar_type() == q.scalar_type();
}

at::Tensor attention_by_kernel(const at::Tensor& given_q, const at::Tensor& given_k, const at::Tensor& given_v) {
  const at::Tensor q = given_q.contiguous(), k = given_k.contiguous(), v = given_v.contiguous();
  const bool has_gradient =
      c10::GradMode::is_enabled() && (q.requires_grad() || k.requires_grad() || v.requires_grad());
  return has_gradient ? AttentionByKernel::apply(q, k, v) : run_forward(q, k, v, at::Tensor());
}

}  // namespace pixnerd::nn
