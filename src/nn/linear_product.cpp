#include "nn/linear_product.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "kernels/column_sums.h"
#include "nn/kernel_call.h"
#include "nn/onednn.h"
#include "nn/product_kernel.h"

namespace pixnerd::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// x [M, in], weight [out, in] of any type -> x W^T + bias [M, out] in x's type.
at::Tensor product(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  const at::ScalarType type = x.scalar_type();
  if (has_product_kernel(type)) {
    return kernel_linear(x, pack_for_kernel(weight, type), weight.size(0), bias ? bias->to(at::kFloat) : at::Tensor());
  }
  return onednn_linear(x, weight.to(type), bias ? std::make_optional(bias->to(type)) : std::nullopt);
}

// grad_y [M, out] -> grad_y W [M, in] in its type.
at::Tensor input_gradient(const at::Tensor& grad_y, const at::Tensor& weight) {
  const at::ScalarType type = grad_y.scalar_type();
  if (has_product_kernel(type)) {
    return kernel_linear(grad_y, pack_transposed_for_kernel(weight, type), weight.size(1), at::Tensor());
  }
  return onednn_linear(grad_y, weight.to(type).t());
}

thread_local bool adds_in_place = false;

// Where the gradient of that weight is kept, if it can be added to there.
at::Tensor gradient_in_place(const at::Tensor& weight) {
  if (!adds_in_place || !weight.is_leaf()) return {};
  const at::Tensor& sum = weight.grad();
  const bool fits = sum.defined() && sum.is_contiguous() && sum.scalar_type() == weight.scalar_type() &&
                    sum.sizes() == weight.sizes() && !sum.requires_grad();
  return fits ? sum : at::Tensor();
}

// Adds grad_y^T x to the sum, if there is a way that makes no tensor of it.
bool add_weight_gradient(const at::Tensor& grad_y, const at::Tensor& x, const at::Tensor& sum) {
  if (sum.scalar_type() != at::kFloat) return false;
  if (has_product_kernel(x.scalar_type())) {
    kernel_weight_gradient(grad_y, x, sum);
  } else if (x.scalar_type() == at::kFloat) {
    sum.addmm_(grad_y.t(), x);
  } else {
    return false;
  }
  return true;
}

// grad_y^T x [out, in], grad_y [M, out], x [M, in]. Of what there is without the kernel, the framework's own product is
// the fastest for most shapes, but loses a third where a row of the result is not a whole number of vectors (measured,
// docs/performance.md).
at::Tensor weight_gradient(const at::Tensor& grad_y, const at::Tensor& x) {
  if (has_product_kernel(x.scalar_type())) return kernel_weight_gradient(grad_y, x);
  constexpr int64_t kVector = 16;
  return x.size(1) % kVector == 0 ? at::mm(grad_y.t(), x) : onednn_linear(grad_y.t(), x.t());
}

struct LinearProduct : torch::autograd::Function<LinearProduct> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias) {
    const at::Tensor rows = x.to(product_type(x)).reshape({-1, x.size(-1)});
    context->save_for_backward({rows, weight});
    context->saved_data["x_type"] = x.scalar_type();
    context->saved_data["bias"] = bias.has_value();
    at::DimVector shape(x.sizes());
    shape.back() = weight.size(0);
    return product(rows, weight, bias).view(shape);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const at::Tensor grad_y = grad[0].reshape({-1, weight.size(0)});
    at::Tensor grad_x, grad_weight, grad_bias;
    if (context->needs_input_grad(0)) {
      at::DimVector shape(grad[0].sizes());
      shape.back() = weight.size(1);
      grad_x = input_gradient(grad_y, weight).view(shape).to(context->saved_data["x_type"].toScalarType());
    }
    if (context->needs_input_grad(1)) {
      const at::Tensor sum = gradient_in_place(weight);
      if (!sum.defined() || !add_weight_gradient(grad_y, x, sum)) {
        grad_weight = weight_gradient(grad_y, x).to(weight.scalar_type());
      }
    }
    if (context->saved_data["bias"].toBool()) grad_bias = sum_of_rows(grad_y).to(weight.scalar_type());
    return {grad_x, grad_weight, grad_bias};
  }
};

}  // namespace

at::Tensor sum_of_rows(const at::Tensor& given) {
  if (!has_kernels(given)) return given.sum({0}, /*keepdim=*/false, at::kFloat);
  constexpr int64_t kColumns = 256;  // of a part
  const at::Tensor x = given.contiguous();
  at::Tensor sums = at::empty({x.size(1)}, x.options().dtype(at::kFloat));
  const kernels::SumShape shape{x.size(0), x.size(1)};
  with_storage_type(x, [&](auto type) {
    using T = decltype(type);
    const kernels::ColumnSums<T> of{read<T>(x), write<float>(sums)};
    over_rows((shape.width + kColumns - 1) / kColumns, shape.rows * kColumns, [&](int64_t begin, int64_t end) {
      kernels::column_sums(shape, of, {begin * kColumns, std::min(end * kColumns, shape.width)});
    });
  });
  return sums;
}

GradientsInPlace::GradientsInPlace(bool wanted) : before_(adds_in_place) {
  if (wanted) adds_in_place = true;
}

GradientsInPlace::~GradientsInPlace() {
  adds_in_place = before_;
}

at::Tensor linear_product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const at::ScalarType type = product_type(x);
  if (!takes_cpu_paths(x) || !weight.is_cpu() || !(has_product_kernel(type) || has_onednn(type))) {
    return at::linear(x.to(type), weight.to(type), bias.defined() ? bias.to(type) : bias);
  }
  return LinearProduct::apply(x, weight, bias.defined() ? std::make_optional(bias) : std::nullopt);
}

}  // namespace pixnerd::nn
