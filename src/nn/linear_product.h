// The product of a linear layer in training, on a CPU: y = x W^T + b by oneDNN in the three products it takes, y, the
// gradient by x and the gradient by W.
#pragma once

#include <ATen/core/Tensor.h>

namespace pixnerd::nn {

// Whether linear_product serves: the weight wants a gradient, is float32 and on the CPU, and oneDNN has the type.
bool has_linear_product(const at::Tensor& x, const at::Tensor& weight);

// x [..., in], weight [out, in], bias [out] or undefined -> [..., out]. In bfloat16 where autocast says so, else in x's
// type. The weight is cast for each product and the copy is dropped at once: a copy of every weight that lives from the
// forward to the backward pass, as autocast keeps it, is half as large as the weights themselves.
at::Tensor linear_product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace pixnerd::nn
