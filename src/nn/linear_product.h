// The product of a linear layer whose weight lies as PyTorch has it, on a CPU: y = x W^T + b, the gradient by x and the
// gradient by W, by the kernels of product_kernel.h, which read the weight as they lay it out for themselves, or by
// oneDNN where they are not there. A row of y depends on no other row (onednn.h).
#pragma once

#include <ATen/core/Tensor.h>

namespace pixnerd::nn {

// x [..., in], weight [out, in], bias [out] or undefined -> [..., out]. In bfloat16 where autocast says so, else in x's
// type. By at::linear, whose rows depend on how many there are and on the threads, where neither is there. The weight
// is cast, or laid out, for each product and the copy is dropped at once: a copy of every weight that lives from the
// forward to the backward pass, as autocast keeps it, is half as large as the weights themselves.
at::Tensor linear_product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

// x [M, D] in any type -> the sums over its rows [D], float32: the gradient of a bias.
at::Tensor sum_of_rows(const at::Tensor& x);

// While it lives, backward passes that this thread runs add the gradient of a weight of such a product where it is kept
// (weight.grad(), if it is there, dense and of the weight's type), instead of making one and adding that: a pass over
// memory where there were three. Autograd has no gradient to hand on then: nothing that waits for it, a hook or
// torch::autograd::grad(), learns of it. Nothing changes where it is not `wanted`.
class GradientsInPlace {
 public:
  explicit GradientsInPlace(bool wanted);
  ~GradientsInPlace();
  GradientsInPlace(const GradientsInPlace&) = delete;
  GradientsInPlace& operator=(const GradientsInPlace&) = delete;

 private:
  bool before_;
};

}  // namespace pixnerd::nn
