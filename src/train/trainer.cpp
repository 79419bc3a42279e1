#include "train/trainer.h"

#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/text.h"
#include "models/precision.h"

namespace pixnerd::train {
namespace {

std::vector<at::Tensor> tensors_of(const checkpoint::NamedTensors& named) {
  std::vector<at::Tensor> tensors;
  for (const auto& [name, tensor] : named) tensors.push_back(tensor);
  return tensors;
}

// What is left of gradients whose common norm is clipped to `limit`, as PyTorch's clip_grad_norm_.
double clip_scale(double norm, std::optional<double> limit) {
  return limit ? std::min(1.0, *limit / (norm + 1e-6)) : 1.0;
}

// Takes the gradients off the parameters while a step makes new ones, and puts them back if it fails.
class GradientsAside {
 public:
  explicit GradientsAside(std::vector<at::Tensor>& tensors) : tensors_(tensors) {
    for (at::Tensor& tensor : tensors_) before_.push_back(std::exchange(tensor.mutable_grad(), at::Tensor()));
  }
  ~GradientsAside() {
    if (done_) return;
    for (size_t i = 0; i < tensors_.size(); ++i) tensors_[i].mutable_grad() = std::move(before_[i]);
  }
  GradientsAside(const GradientsAside&) = delete;
  GradientsAside& operator=(const GradientsAside&) = delete;

  void finish() { done_ = true; }

 private:
  std::vector<at::Tensor>& tensors_;
  std::vector<at::Tensor> before_;
  bool done_ = false;
};

DivergedError diverged(const char* what, double value, int64_t step) {
  return DivergedError(concat("the ", what, " of step ", step, " is ", value,
                              "; lower train.learning_rate, or set train.gradient_clip_norm"));
}

}  // namespace

Trainer::Trainer(std::shared_ptr<models::Network> network, const TrainConfig& config, const diffusion::FlowConfig& flow,
                 at::Tensor null_condition)
    : network_(std::move(network)),
      config_(config),
      flow_(flow),
      null_condition_(std::move(null_condition)),
      parameters_(network_->parameters()),
      tensors_(tensors_of(parameters_)),
      optimiser_(tensors_, {config.betas, config.eps, config.weight_decay}) {
  network_->set_requires_grad(true);
  network_->set_mode(models::Mode::train);
  network_->set_recomputed({config.recompute_blocks, config.recompute_field});
}

StepReport Trainer::step(const at::Tensor& images, const at::Tensor& condition, const diffusion::Draws& draws) {
  const diffusion::FlowSample sample = flow_sample(images, condition, draws);
  GradientsAside aside(tensors_);
  const at::Tensor losses = forward_backward(sample).cpu();
  const at::Tensor times = sample.t.cpu();
  StepReport report;
  report.learning_rate = learning_rate(config_, step_);
  for (int64_t i = 0; i < losses.size(0); ++i) {
    report.by_time.add(times.const_data_ptr<float>()[i], losses.const_data_ptr<float>()[i]);
  }
  report.loss = report.by_time.mean();
  if (!std::isfinite(report.loss)) throw diverged("loss", report.loss, step_ + 1);
  report.gradient_norm = update(report.learning_rate);
  aside.finish();
  report.step = ++step_;
  return report;
}

diffusion::FlowSample Trainer::flow_sample(const at::Tensor& images, const at::Tensor& condition,
                                           const diffusion::Draws& draws) const {
  diffusion::FlowConfig flow = flow_;
  if (!has_early_times(config_, step_)) flow.early_share = 0.0;
  const at::Device device = network_->device();
  return diffusion::flow_sample(flow, images.to(device), condition.to(device), null_condition_.to(device),
                                {draws.drop.to(device), draws.time.to(device), draws.noise.to(device)});
}

at::Tensor Trainer::forward_backward(const diffusion::FlowSample& sample) {
  const int64_t batch = sample.t.size(0);
  const int64_t part = config_.micro_batch_size.value_or(batch);
  std::vector<at::Tensor> losses;
  for (int64_t first = 0; first < batch; first += part) {
    stop_if(stop_requested_);
    const int64_t size = std::min(part, batch - first);
    const auto rows = [&](const at::Tensor& tensor) { return tensor.narrow(0, first, size); };
    at::Tensor loss;
    {
      const models::PrecisionScope precision(config_.precision, sample.t.device());
      loss = diffusion::sample_losses(
          *network_, {rows(sample.x_t), rows(sample.t), rows(sample.velocity), rows(sample.condition)});
    }
    loss.sum().div(batch).backward();
    losses.push_back(loss.detach());
  }
  return losses.size() == 1 ? losses[0] : at::cat(losses);
}

double Trainer::update(double learning_rate) {
  const c10::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& tensor : tensors_) {
    if (tensor.grad().defined()) gradients.push_back(tensor.grad());
  }
  const double norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients))).item<double>();
  if (!std::isfinite(norm)) throw diverged("gradient's norm", norm, step_ + 1);
  optimiser_.step({learning_rate, ema_decay(config_, step_), clip_scale(norm, config_.gradient_clip_norm)});
  for (at::Tensor& tensor : tensors_) tensor.mutable_grad().reset();
  return norm;
}

checkpoint::NamedTensors Trainer::averaged_parameters() const {
  checkpoint::NamedTensors named;
  for (size_t i = 0; i < parameters_.size(); ++i) named.emplace_back(parameters_[i].first, optimiser_.average()[i]);
  return named;
}

checkpoint::NamedTensors Trainer::state() const {
  checkpoint::NamedTensors state;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const std::string& name = parameters_[i].first;
    state.emplace_back("denoiser." + name, tensors_[i].detach());
    state.emplace_back("ema_denoiser." + name, optimiser_.average()[i]);
    state.emplace_back("optimizer.exp_avg." + name, optimiser_.exp_avg()[i]);
    state.emplace_back("optimizer.exp_avg_sq." + name, optimiser_.exp_avg_sq()[i]);
    state.emplace_back("optimizer.step." + name, optimiser_.steps()[i]);
  }
  return state;
}

void Trainer::restore(const std::map<std::string, at::Tensor>& state, int64_t steps_taken, const std::string& source) {
  checkpoint::copy_into(this->state(), state, source);
  step_ = steps_taken;
}

models::Network& Trainer::averaged_network() {
  if (averaged_network_) return *averaged_network_;
  averaged_network_ = models::make_network(network_->config());
  const checkpoint::NamedTensors average = averaged_parameters();
  averaged_network_->adopt({average.begin(), average.end()}, "the averaged parameters");
  return *averaged_network_;
}

}  // namespace pixnerd::train
