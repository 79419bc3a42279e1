#include "nn/attention_kernel.h"

#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>

#include "kernels/attention.h"
#include "nn/kernel_call.h"

namespace pixnerd::nn {

bool has_attention_kernel(const at::Tensor& q, const at::Tensor& k) {
  return has_kernels(q) && k.scalar_type() == q.scalar_type() && !(c10::GradMode::is_enabled() && q.requires_grad());
}

at::Tensor attention_by_kernel(const at::Tensor& given_q, const at::Tensor& given_k, const at::Tensor& given_v) {
  const at::Tensor q = given_q.contiguous(), k = given_k.contiguous(), v = given_v.contiguous();
  const kernels::AttentionShape shape{q.size(1), q.size(2), k.size(2), q.size(3)};
  at::Tensor y = at::empty({q.size(0), shape.queries, shape.heads * shape.width}, q.options());
  with_storage_type(q, [&](auto type) {
    using T = decltype(type);
    const kernels::AttentionForward<T> attention{read<T>(q), read<T>(k), read<T>(v), write<T>(y)};
    share(q.size(0) * shape.heads, 1, [&](int64_t begin, int64_t end) {
      kernels::attention_forward(shape, attention, {begin, end});
    });
  });
  return y;
}

}  // namespace pixnerd::nn
