// The product of a linear layer whose weight lies as PyTorch has it, on a CPU: y = x W^T + b by oneDNN in the three
// products that it takes, y, the gradient by x and the gradient by W. A row of y depends on no other row (onednn.h).
#pragma once

#include <ATen/core/Tensor.h>

namespace pixnerd::nn {

// x [..., in], weight [out, in], bias [out] or undefined -> [..., out]. In bfloat16 where autocast says so, else in x's
// type. By at::linear, whose rows depend on how many there are and on the threads, where oneDNN is not there. The
// weight is cast for each product and the copy is dropped at once: a copy of every weight that lives from the forward
// to the backward pass, as autocast keeps it, is half as large as the weights themselves.
at::Tensor linear_product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace pixnerd::nn
