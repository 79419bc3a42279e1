#include "nn/swiglu.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/silu.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/activation.h"
#include "nn/kernel_call.h"

namespace pixnerd::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Of a and b [..., h] whose rows are as far apart as a's.
kernels::SwiGLUShape swiglu_shape(const at::Tensor& a) {
  return {a.size(-1), a.dim() > 1 ? a.stride(-2) : a.size(-1)};
}

// The halves of the last axis of x [..., 2 h].
std::array<at::Tensor, 2> halves_of(const at::Tensor& x) {
  const int64_t width = x.size(-1) / 2;
  return {x.narrow(-1, 0, width), x.narrow(-1, width, width)};
}

at::Tensor run_forward(const at::Tensor& a, const at::Tensor& b) {
  at::Tensor y = at::empty_like(a, at::MemoryFormat::Contiguous);
  const kernels::SwiGLUShape shape = swiglu_shape(a);
  with_storage_type(a, [&](auto type) {
    using T = decltype(type);
    const kernels::SwiGLUForward<T> gate{read<T>(a), read<T>(b), write<T>(y)};
    over_rows(a.numel() / shape.width, shape.width, [&](int64_t begin, int64_t end) {
      kernels::swiglu_forward(shape, gate, {begin, end});
    });
  });
  return y;
}

// Fills grad_a and grad_b, whose rows are as far apart as a's.
void run_backward(const at::Tensor& a, const at::Tensor& b, const at::Tensor& grad_y, at::Tensor grad_a,
                  at::Tensor grad_b) {
  const kernels::SwiGLUShape shape = swiglu_shape(a);
  with_storage_type(a, [&](auto type) {
    using T = decltype(type);
    const kernels::SwiGLUBackward<T> gate{read<T>(a), read<T>(b), read<T>(grad_y), write<T>(grad_a), write<T>(grad_b)};
    over_rows(a.numel() / shape.width, shape.width, [&](int64_t begin, int64_t end) {
      kernels::swiglu_backward(shape, gate, {begin, end});
    });
  });
}

// silu(a) * b by the kernel, as one operation of autograd; contiguous tensors of one type.
struct GatedProduct : torch::autograd::Function<GatedProduct> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& a, const at::Tensor& b) {
    context->save_for_backward({a, b});
    return run_forward(a, b);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &a = saved[0], &b = saved[1];
    at::Tensor grad_a = at::empty_like(a), grad_b = at::empty_like(b);
    run_backward(a, b, grad[0].contiguous(), grad_a, grad_b);
    return {grad_a, grad_b};
  }
};

// The same for the halves of one contiguous tensor.
struct GatedHalves : torch::autograd::Function<GatedHalves> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& ab) {
    context->save_for_backward({ab});
    const auto [a, b] = halves_of(ab);
    return run_forward(a, b);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad) {
    const at::Tensor ab = context->get_saved_variables()[0], grad_ab = at::empty_like(ab);
    const auto [a, b] = halves_of(ab);
    const auto [grad_a, grad_b] = halves_of(grad_ab);
    run_backward(a, b, grad[0].contiguous(), grad_a, grad_b);
    return {grad_ab};
  }
};

}  // namespace

at::Tensor silu(const at::Tensor& given) {
  if (!has_kernels(given)) return at::silu(given);
  const at::Tensor x = given.contiguous();
  return GatedProduct::apply(x, at::ones_like(x));
}

at::Tensor gated_product(const at::Tensor& a, const at::Tensor& b) {
  return has_kernels(a) ? GatedProduct::apply(a, b) : at::silu(a) * b;
}

at::Tensor gated_product_of_halves(const at::Tensor& ab) {
  if (has_kernels(ab)) return GatedHalves::apply(ab.contiguous());
  const auto [a, b] = halves_of(ab);
  return at::silu(a) * b;
}

SwiGLUImpl::SwiGLUImpl(int64_t width, int64_t hidden, SwiGLUMatrices matrices) {
  const auto add = [&](const char* name, int64_t in, int64_t out) {
    return register_module(name, Linear(in, out, /*with_bias=*/false));
  };
  if (matrices == SwiGLUMatrices::fused) {
    gate_and_up_ = add("w12", width, 2 * hidden);
    out_ = add("w3", hidden, width);
  } else {
    gate_ = add("w1", width, hidden);
    up_ = add("w3", width, hidden);
    out_ = add("w2", hidden, width);
  }
}

void SwiGLUImpl::initialise(at::Generator& generator) {
  for (Linear* linear : {&gate_, &up_, &gate_and_up_, &out_}) {
    if (!linear->is_empty()) (*linear)->initialise(generator);
  }
}

void SwiGLUImpl::pack(at::ScalarType dtype) {
  for (Linear* linear : {&gate_, &up_, &gate_and_up_, &out_}) {
    if (!linear->is_empty()) (*linear)->pack(dtype);
  }
}

bool SwiGLUImpl::takes_int8() const {
  const bool first = gate_and_up_.is_empty() ? gate_->takes_int8() && up_->takes_int8() : gate_and_up_->takes_int8();
  return first && out_->takes_int8();
}

at::Tensor SwiGLUImpl::forward(const at::Tensor& x) const {
  if (takes_int8() && has_kernels(x)) return forward(quantise_rows(x));
  return out_->forward(!gate_and_up_.is_empty() ? gated_product_of_halves(gate_and_up_->forward(x))
                                                : gated_product(gate_->forward(x), up_->forward(x)));
}

at::Tensor SwiGLUImpl::forward(const QuantisedRows& x) const {
  if (gate_and_up_.is_empty()) {
    return out_->forward(quantise_gated(gate_->unscaled(x), up_->unscaled(x), x.scales));
  }
  const auto [a, b] = halves_of(gate_and_up_->unscaled(x));
  return out_->forward(quantise_gated(a, b, x.scales));
}

}  // namespace pixnerd::nn
