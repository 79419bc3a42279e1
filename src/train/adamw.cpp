#include "train/adamw.h"

#include <ATen/Parallel.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "kernels/adamw.h"

namespace pixnerd::train {
namespace {

// A part of one slice, small enough that threads finish together.
struct Piece {
  kernels::AdamWStep step;
  kernels::AdamWArrays arrays;
  kernels::Range values;
};

constexpr int64_t kPieceSize = int64_t{1} << 16;

}  // namespace

at::Tensor slice_of(const at::Tensor& tensor, const dist::Slice& slice) {
  return tensor.reshape(-1).narrow(0, slice.begin, slice.size());
}

std::vector<dist::Slice> whole(const std::vector<at::Tensor>& tensors) {
  std::vector<dist::Slice> slices;
  for (size_t i = 0; i < tensors.size(); ++i) slices.push_back({i, 0, tensors[i].numel()});
  return slices;
}

AdamW::AdamW(std::vector<at::Tensor> parameters, std::vector<dist::Slice> slices, const AdamWConfig& config)
    : parameters_(std::move(parameters)), slices_(std::move(slices)), config_(config) {
  const c10::NoGradGuard no_grad;
  for (size_t i = 0; i < parameters_.size(); ++i) steps_.push_back(at::zeros({}, at::kFloat));
  for (const dist::Slice& slice : slices_) {
    values_.push_back(slice_of(parameters_[slice.tensor].detach(), slice));
    average_.push_back(values_.back().clone());
    exp_avg_.push_back(at::zeros_like(values_.back()));
    exp_avg_sq_.push_back(at::zeros_like(values_.back()));
  }
}

AdamW::AdamW(std::vector<at::Tensor> parameters, const AdamWConfig& config)
    : AdamW(parameters, whole(parameters), config) {}

at::Tensor AdamW::gradient_of(const dist::Slice& slice) const {
  return slice_of(parameters_[slice.tensor].grad().contiguous(), slice);
}

std::vector<at::Tensor> AdamW::gradients() const {
  std::vector<at::Tensor> gradients;
  for (const dist::Slice& slice : slices_) {
    if (parameters_[slice.tensor].grad().defined()) gradients.push_back(gradient_of(slice));
  }
  return gradients;
}

void AdamW::step(const AdamWUpdate& update) {
  const c10::NoGradGuard no_grad;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (parameters_[i].grad().defined()) steps_[i].add_(1);
  }
  std::vector<size_t> by_kernel, by_operators;
  for (size_t i = 0; i < slices_.size(); ++i) {
    const at::Tensor& parameter = parameters_[slices_[i].tensor];
    if (!parameter.grad().defined()) {
      average_[i].lerp_(values_[i], 1.0 - update.ema_decay);
      continue;
    }
    (parameter.is_cpu() && !kernels::avoids_cpu_paths() ? by_kernel : by_operators).push_back(i);
  }
  if (!by_kernel.empty()) step_by_kernel(by_kernel, update);
  if (!by_operators.empty()) step_by_operators(by_operators, update);
}

void AdamW::step_by_kernel(const std::vector<size_t>& slices, const AdamWUpdate& update) {
  std::vector<Piece> pieces;
  std::vector<at::Tensor> gradients;  // kept while their pointers are used
  for (const size_t i : slices) {
    const at::Tensor& gradient = gradients.emplace_back(gradient_of(slices_[i]));
    Piece piece;
    piece.step.rate = update.learning_rate;
    piece.step.betas = config_.betas;
    piece.step.eps = config_.eps;
    piece.step.weight_decay = config_.weight_decay;
    piece.step.step = steps_[slices_[i].tensor].item<int64_t>();
    piece.step.gradient_scale = update.gradient_scale;
    piece.step.average_weight = 1.0 - update.ema_decay;
    piece.arrays = {values_[i].mutable_data_ptr<float>(), gradient.const_data_ptr<float>(),
                    exp_avg_[i].mutable_data_ptr<float>(), exp_avg_sq_[i].mutable_data_ptr<float>(),
                    average_[i].mutable_data_ptr<float>()};
    for (int64_t begin = 0; begin < gradient.numel(); begin += kPieceSize) {
      piece.values = {begin, std::min(begin + kPieceSize, gradient.numel())};
      pieces.push_back(piece);
    }
  }
  at::parallel_for(0, static_cast<int64_t>(pieces.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Piece& piece = pieces[static_cast<size_t>(i)];
      kernels::adamw_step(piece.step, piece.arrays, piece.values);
    }
  });
}

void AdamW::step_by_operators(const std::vector<size_t>& slices, const AdamWUpdate& update) {
  std::vector<at::Tensor> values, gradients, exp_avg, exp_avg_sq, steps, average;
  for (const size_t i : slices) {
    values.push_back(values_[i]);
    gradients.push_back(gradient_of(slices_[i]));
    exp_avg.push_back(exp_avg_[i]);
    exp_avg_sq.push_back(exp_avg_sq_[i]);
    // The operator wants them beside the values, and one for each.
    steps.push_back(steps_[slices_[i].tensor].to(values_[i].device(), /*non_blocking=*/false, /*copy=*/true));
    average.push_back(average_[i]);
  }
  if (update.gradient_scale != 1.0) at::_foreach_mul_(gradients, update.gradient_scale);
  at::_fused_adamw_(values, gradients, exp_avg, exp_avg_sq, /*max_exp_avg_sqs=*/{}, steps, update.learning_rate,
                    config_.betas[0], config_.betas[1], config_.weight_decay, config_.eps, /*amsgrad=*/false,
                    /*maximize=*/false);
  at::_foreach_lerp_(average, values, 1.0 - update.ema_decay);
}

}  // namespace pixnerd::train
