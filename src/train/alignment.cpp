#include "train/alignment.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>

#include <limits>

namespace pixnerd::train {

at::Tensor alignment_loss(const at::Tensor& states, const at::Tensor& groups) {
  constexpr double kShortest = 1e-6;
  const at::Tensor said = states.to(at::kFloat).narrow(2, 0, states.size(2) / 2).sum(1);  // [C, T / 2]
  const at::Tensor z = said / at::linalg_vector_norm(said, 2, {1}, /*keepdim=*/true).clamp_min(kShortest);
  const at::Tensor itself = at::eye(z.size(0), z.options()).to(at::kBool);
  const at::Tensor others = groups.unsqueeze(0).eq(groups.unsqueeze(1)).logical_and(itself.logical_not());  // [C, C]
  const at::Tensor near =
      (at::matmul(z, z.t()) / kAlignmentTemperature).masked_fill(itself, -std::numeric_limits<float>::max());
  const at::Tensor logs = at::log_softmax(near, 1).masked_fill(others.logical_not(), 0);
  const at::Tensor count = others.sum(1);
  const at::Tensor each = -logs.sum(1) / count.clamp_min(1);
  return each.sum() / count.gt(0).sum().clamp_min(1);
}

at::Tensor teacher_loss(const at::Tensor& pooled, const at::Tensor& labels) {
  return (pooled.to(at::kFloat) - labels).square().mean() / labels.square().mean();
}

}  // namespace pixnerd::train
