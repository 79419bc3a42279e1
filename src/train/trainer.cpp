#include "train/trainer.h"

#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>

#include "core/errors.h"
#include "core/text.h"
#include "models/precision.h"

namespace pixnerd::train {
namespace {

std::vector<at::Tensor> tensors_of(const checkpoint::NamedTensors& named) {
  std::vector<at::Tensor> tensors;
  for (const auto& [name, tensor] : named) tensors.push_back(tensor);
  return tensors;
}

// Scales the gradients so that their common norm is at most `limit`, as PyTorch's clip_grad_norm_; returns the norm.
double clip_gradients(const std::vector<at::Tensor>& gradients, std::optional<double> limit) {
  const double norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients))).item<double>();
  if (limit) {
    const double scale = *limit / (norm + 1e-6);
    if (scale < 1.0) at::_foreach_mul_(gradients, scale);
  }
  return norm;
}

}  // namespace

Trainer::Trainer(std::shared_ptr<models::Network> network, const TrainConfig& config, const diffusion::FlowConfig& flow)
    : network_(std::move(network)),
      config_(config),
      flow_(flow),
      parameters_(network_->parameters()),
      tensors_(tensors_of(parameters_)),
      optimiser_(tensors_, {config.betas, config.eps, config.weight_decay}) {
  network_->set_requires_grad(true);
  for (const at::Tensor& tensor : tensors_) average_.push_back(tensor.detach().clone());
}

StepReport Trainer::step(const data::Batch& batch, const diffusion::Draws& draws) {
  StepReport report;
  report.learning_rate = learning_rate(config_, step_);
  report.loss = forward_backward(batch, draws).item<double>();
  if (!std::isfinite(report.loss)) {
    throw DataError(concat("the loss of step ", step_ + 1, " is ", report.loss,
                           "; lower train.learning_rate, or set train.gradient_clip_norm"));
  }
  report.gradient_norm = update(report.learning_rate);
  report.step = ++step_;
  return report;
}

at::Tensor Trainer::forward_backward(const data::Batch& batch, const diffusion::Draws& draws) {
  at::Tensor loss;
  {
    const models::PrecisionScope precision(config_.precision, batch.images.device());
    diffusion::FlowConfig flow = flow_;
    if (step_ >= static_cast<int64_t>(config_.early_times_until * static_cast<double>(config_.steps))) {
      flow.early_share = 0.0;
    }
    loss = diffusion::flow_matching_loss(*network_, flow, batch.images, batch.labels,
                                         network_->null_condition(batch.labels.size(0)), draws);
  }
  loss.backward();
  return loss.detach();
}

double Trainer::update(double learning_rate) {
  const c10::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& tensor : tensors_) {
    if (tensor.grad().defined()) gradients.push_back(tensor.grad());
  }
  const double norm = clip_gradients(gradients, config_.gradient_clip_norm);
  optimiser_.step(learning_rate);
  at::_foreach_lerp_(average_, tensors_, 1.0 - config_.ema_decay);
  for (at::Tensor& tensor : tensors_) tensor.mutable_grad().reset();
  return norm;
}

checkpoint::NamedTensors Trainer::averaged_parameters() const {
  checkpoint::NamedTensors named;
  for (size_t i = 0; i < parameters_.size(); ++i) named.emplace_back(parameters_[i].first, average_[i]);
  return named;
}

}  // namespace pixnerd::train
