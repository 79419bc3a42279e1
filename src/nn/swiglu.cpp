#include "nn/swiglu.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/silu.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/activation.h"
#include "nn/kernel_call.h"

namespace pixnerd::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// silu(a) * b by the kernel, as one operation of autograd; contiguous tensors of one type.
struct GatedProduct : torch::autograd::Function<GatedProduct> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& a, const at::Tensor& b) {
    context->save_for_backward({a, b});
    at::Tensor y = at::empty_like(a);
    const kernels::SwiGLUShape shape{a.size(-1), a.size(-1)};
    with_storage_type(a, [&](auto type) {
      using T = decltype(type);
      const kernels::SwiGLUForward<T> gate{read<T>(a), read<T>(b), write<T>(y)};
      over_rows(a.numel() / shape.width, [&](int64_t begin, int64_t end) {
        kernels::swiglu_forward(shape, gate, {begin, end});
      });
    });
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &a = saved[0], &b = saved[1], grad_y = grad[0].contiguous();
    at::Tensor grad_a = at::empty_like(a), grad_b = at::empty_like(b);
    const kernels::SwiGLUShape shape{a.size(-1), a.size(-1)};
    with_storage_type(a, [&](auto type) {
      using T = decltype(type);
      const kernels::SwiGLUBackward<T> gate{read<T>(a), read<T>(b), read<T>(grad_y), write<T>(grad_a),
                                            write<T>(grad_b)};
      over_rows(a.numel() / shape.width, [&](int64_t begin, int64_t end) {
        kernels::swiglu_backward(shape, gate, {begin, end});
      });
    });
    return {grad_a, grad_b};
  }
};

}  // namespace

at::Tensor gated_product(const at::Tensor& a, const at::Tensor& b) {
  return has_kernels(a) ? GatedProduct::apply(a, b) : at::silu(a) * b;
}

SwiGLUImpl::SwiGLUImpl(int64_t width, int64_t hidden) {
  w1_ = register_module("w1", Linear(width, hidden, /*with_bias=*/false));
  w3_ = register_module("w3", Linear(width, hidden, /*with_bias=*/false));
  w2_ = register_module("w2", Linear(hidden, width, /*with_bias=*/false));
}

void SwiGLUImpl::initialise(at::Generator& generator) {
  w1_->initialise(generator);
  w3_->initialise(generator);
  w2_->initialise(generator);
}

void SwiGLUImpl::pack(at::ScalarType dtype) {
  w1_->pack(dtype);
  w3_->pack(dtype);
  w2_->pack(dtype);
}

at::Tensor SwiGLUImpl::forward(const at::Tensor& x) const {
  return w2_->forward(gated_product(w1_->forward(x), w3_->forward(x)));
}

}  // namespace pixnerd::nn
