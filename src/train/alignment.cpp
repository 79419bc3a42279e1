#include "train/alignment.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>

#include <limits>

namespace pixnerd::train {

at::Tensor alignment_loss(const at::Tensor& states, const at::Tensor& bytes, const at::Tensor& groups) {
  constexpr double kShortest = 1e-6;
  const at::Tensor says = bytes.unflatten(1, {states.size(1), -1}).ne(0).any(2).to(at::kFloat);  // [C, N]
  const at::Tensor mean =
      (states.to(at::kFloat) * says.unsqueeze(2)).sum(1) / says.sum(1, true).clamp_min(1);  // [C, T]
  const at::Tensor z = mean / at::linalg_vector_norm(mean, 2, {1}, /*keepdim=*/true).clamp_min(kShortest);
  const at::Tensor itself = at::eye(z.size(0), z.options()).to(at::kBool);
  const at::Tensor others = groups.unsqueeze(0).eq(groups.unsqueeze(1)).logical_and(itself.logical_not());  // [C, C]
  const at::Tensor near =
      (at::matmul(z, z.t()) / kAlignmentTemperature).masked_fill(itself, -std::numeric_limits<float>::max());
  const at::Tensor logs = at::log_softmax(near, 1).masked_fill(others.logical_not(), 0);
  const at::Tensor count = others.sum(1);
  const at::Tensor each = -logs.sum(1) / count.clamp_min(1);
  return each.sum() / count.gt(0).sum().clamp_min(1);
}

}  // namespace pixnerd::train
