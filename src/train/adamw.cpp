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

// A part of one parameter, small enough that threads finish together.
struct Piece {
  kernels::AdamWStep step;
  kernels::AdamWArrays arrays;
  kernels::Range values;
};

constexpr int64_t kPieceSize = int64_t{1} << 16;

}  // namespace

AdamW::AdamW(std::vector<at::Tensor> parameters, const AdamWConfig& config)
    : parameters_(std::move(parameters)), config_(config) {
  const c10::NoGradGuard no_grad;
  for (const at::Tensor& parameter : parameters_) {
    average_.push_back(parameter.detach().clone());
    exp_avg_.push_back(at::zeros_like(parameter));
    exp_avg_sq_.push_back(at::zeros_like(parameter));
    steps_.push_back(at::zeros({}, parameter.options()));
  }
}

void AdamW::step(const AdamWUpdate& update) {
  const c10::NoGradGuard no_grad;
  std::vector<size_t> on_cpu, elsewhere;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (!parameters_[i].grad().defined()) {
      average_[i].lerp_(parameters_[i], 1.0 - update.ema_decay);
      continue;
    }
    steps_[i].add_(1);
    (parameters_[i].is_cpu() ? on_cpu : elsewhere).push_back(i);
  }
  if (!on_cpu.empty()) step_on_cpu(on_cpu, update);
  if (!elsewhere.empty()) step_by_operators(elsewhere, update);
}

void AdamW::step_on_cpu(const std::vector<size_t>& indices, const AdamWUpdate& update) {
  std::vector<Piece> pieces;
  std::vector<at::Tensor> gradients;  // kept while their pointers are used
  for (const size_t i : indices) {
    const at::Tensor& gradient = gradients.emplace_back(parameters_[i].grad().contiguous());
    Piece piece;
    piece.step = {update.learning_rate,      config_.betas,         config_.eps,           config_.weight_decay,
                  steps_[i].item<int64_t>(), update.gradient_scale, 1.0 - update.ema_decay};
    piece.arrays = {parameters_[i].mutable_data_ptr<float>(), gradient.const_data_ptr<float>(),
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

void AdamW::step_by_operators(const std::vector<size_t>& indices, const AdamWUpdate& update) {
  std::vector<at::Tensor> parameters, gradients, exp_avg, exp_avg_sq, steps, average;
  for (const size_t i : indices) {
    parameters.push_back(parameters_[i]);
    gradients.push_back(parameters_[i].grad());
    exp_avg.push_back(exp_avg_[i]);
    exp_avg_sq.push_back(exp_avg_sq_[i]);
    steps.push_back(steps_[i]);
    average.push_back(average_[i]);
  }
  if (update.gradient_scale != 1.0) at::_foreach_mul_(gradients, update.gradient_scale);
  at::_fused_adamw_(parameters, gradients, exp_avg, exp_avg_sq, /*max_exp_avg_sqs=*/{}, steps, update.learning_rate,
                    config_.betas[0], config_.betas[1], config_.weight_decay, config_.eps, /*amsgrad=*/false,
                    /*maximize=*/false);
  at::_foreach_lerp_(average, parameters, 1.0 - update.ema_decay);
}

}  // namespace pixnerd::train
