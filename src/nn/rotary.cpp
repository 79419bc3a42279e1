#include "nn/rotary.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/stack.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/rotary.h"
#include "nn/kernel_call.h"
#include "nn/spans.h"

namespace pixnerd::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Heads inside qkv [B, L, 3, H, d] and alone, [B, H, L, d].
kernels::RotaryShape rotary_shape(const at::Tensor& qkv) {
  kernels::RotaryShape shape;
  shape.positions = qkv.size(1);
  shape.heads = qkv.size(3);
  shape.width = qkv.size(4);
  shape.x = {qkv.stride(0), qkv.stride(1), shape.width};
  shape.y = {shape.heads * shape.positions * shape.width, shape.width, shape.positions * shape.width};
  shape.eps = static_cast<float>(kRMSNormEps);
  return shape;
}

// By the kernel, as one operation of autograd: one pass over qkv forward, one over its gradient backward.
struct RotaryHeads : torch::autograd::Function<RotaryHeads> {
  static variable_list forward(AutogradContext* context, const at::Tensor& qkv, const at::Tensor& q_weight,
                               const at::Tensor& k_weight, const at::Tensor& table) {
    context->save_for_backward({qkv, q_weight, k_weight, table});
    const kernels::RotaryShape shape = rotary_shape(qkv);
    const int64_t part = shape.heads * shape.width;
    std::array<at::Tensor, 2> turned;
    for (at::Tensor& y : turned) {
      y = at::empty({qkv.size(0), shape.heads, shape.positions, shape.width}, qkv.options());
    }
    with_storage_type(qkv, [&](auto type) {
      using T = decltype(type);
      const std::array<kernels::RotaryForward<T>, 2> parts{
          {{read<T>(qkv), read<float>(q_weight), read<float>(table), write<T>(turned[0])},
           {read<T>(qkv) + part, read<float>(k_weight), read<float>(table), write<T>(turned[1])}}};
      over_rows(qkv.size(0) * shape.positions, 2 * part, [&](int64_t begin, int64_t end) {
        for (const auto& rotary : parts) kernels::rotary_forward(shape, rotary, {begin, end});
      });
    });
    return {turned[0], turned[1], qkv.select(2, 2).transpose(1, 2).contiguous()};
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &qkv = saved[0], &table = saved[3];
    const at::Tensor grad_q = grad[0].contiguous(), grad_k = grad[1].contiguous();
    const kernels::RotaryShape shape = rotary_shape(qkv);
    const int64_t part = shape.heads * shape.width;
    at::Tensor grad_qkv = at::empty_like(qkv);
    grad_qkv.select(2, 2).copy_(grad[2].transpose(1, 2));
    const Spans spans(1, qkv.size(0) * shape.positions, kWorkOfNumber * 2 * part);
    SpanSums sums(spans.count(), 2, shape.width);
    with_storage_type(qkv, [&](auto type) {
      using T = decltype(type);
      spans.share([&](const Span& span) {
        float* own = sums.of(span.number);
        const std::array<kernels::RotaryBackward<T>, 2> parts{
            {{read<T>(qkv), read<float>(saved[1]), read<float>(table), read<T>(grad_q), write<T>(grad_qkv), own},
             {read<T>(qkv) + part, read<float>(saved[2]), read<float>(table), read<T>(grad_k),
              write<T>(grad_qkv) + part, own + shape.width}}};
        for (const auto& rotary : parts) kernels::rotary_backward(shape, rotary, {span.begin, span.end});
      });
    });
    const at::Tensor grad_weights = sums.total();
    return {grad_qkv, grad_weights[0], grad_weights[1], at::Tensor()};
  }
};

}  // namespace

at::Tensor apply_rope(const at::Tensor& x_blhd, const at::Tensor& table) {
  const int64_t pairs = x_blhd.size(3) / 2;
  const at::Tensor pair = x_blhd.to(at::kFloat).unflatten(3, {pairs, 2});  // [B, L, H, d/2, 2]
  const at::Tensor a = pair.select(4, 0);
  const at::Tensor b = pair.select(4, 1);
  const at::Tensor cos = table.select(2, 0).unsqueeze(1);  // [L, 1, d/2]
  const at::Tensor sin = table.select(2, 1).unsqueeze(1);
  return at::stack({a * cos - b * sin, a * sin + b * cos}, 4).flatten(3).to(x_blhd.scalar_type());
}

std::array<at::Tensor, 3> rotary_heads(const at::Tensor& qkv, const RMSNormImpl& q_norm, const RMSNormImpl& k_norm,
                                       const at::Tensor& table) {
  if (has_kernels(qkv)) {
    variable_list heads = RotaryHeads::apply(qkv.contiguous(), q_norm.weight, k_norm.weight, table);
    return {heads[0], heads[1], heads[2]};
  }
  const auto turned = [&](int64_t part, const RMSNormImpl& norm) {
    return apply_rope(norm.forward(qkv.select(2, part)), table).to(qkv.scalar_type()).transpose(1, 2);
  };
  return {turned(0, q_norm), turned(1, k_norm), qkv.select(2, 2).transpose(1, 2)};
}

}  // namespace pixnerd::nn
