#include "train/trainer.h"

#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/text.h"
#include "dist/exchange.h"
#include "models/precision.h"
#include "nn/linear_product.h"
#include "nn/share.h"
#include "train/training_state.h"

namespace pixnerd::train {
namespace {

constexpr const char *kNetwork = "denoiser.", *kAverage = "ema_denoiser.";
constexpr const char* kPower = "optimizer.average";
constexpr const char *kMean = "optimizer.exp_avg.", *kSquare = "optimizer.exp_avg_sq.", *kSteps = "optimizer.step.";

// The slices of this process: everything where it is alone, as then the layout's buckets serve nothing.
std::vector<dist::Slice> own_slices(const dist::Group& group, const dist::Layout& layout,
                                    const std::vector<at::Tensor>& tensors) {
  return group.is_alone() ? whole(tensors) : layout.slices(group.rank());
}

dist::Layout layout_of(const std::vector<at::Tensor>& tensors, int64_t ranks) {
  std::vector<int64_t> sizes;
  int64_t all = 0;
  for (const at::Tensor& tensor : tensors) {
    sizes.push_back(tensor.numel());
    all += tensor.numel();
  }
  return {sizes, ranks, dist::bucket_values_for(all)};
}

std::vector<at::Tensor> flat(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> views;
  for (const at::Tensor& tensor : tensors) views.push_back(tensor.detach().view(-1));
  return views;
}

std::string power_name(double sigma_rel, const std::string& name) {
  return concat(kPower, sigma_rel, ".", name);
}

// What is left of gradients whose common norm is clipped to `limit`, as PyTorch's clip_grad_norm_.
double clip_scale(double norm, std::optional<double> limit) {
  return limit ? std::min(1.0, *limit / (norm + 1e-6)) : 1.0;
}

// Takes the gradients off the parameters while a step makes new ones, and puts them back if it fails.
class GradientsAside {
 public:
  explicit GradientsAside(std::vector<at::Tensor> tensors) : tensors_(std::move(tensors)) {
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
  std::vector<at::Tensor> tensors_, before_;
  bool done_ = false;
};

DivergedError diverged(const char* what, double value, int64_t step) {
  return DivergedError(concat("the ", what, " of step ", step, " is ", value,
                              "; lower train.learning_rate, or set train.gradient_clip_norm"));
}

}  // namespace

Trainer::Trainer(std::shared_ptr<models::Network> network, const TrainConfig& config, const diffusion::FlowConfig& flow,
                 at::Tensor null_condition, Objective objective, std::shared_ptr<dist::Group> group)
    : network_(std::move(network)),
      config_(config),
      flow_(flow),
      null_condition_(std::move(null_condition)),
      objective_(std::move(objective)),
      group_(std::move(group)),
      trained_([this] {
        std::vector<Trained> all;
        for (const auto& [name, tensor] : network_->parameters()) all.push_back({name, tensor, true});
        for (const auto& [name, tensor] : objective_.parameters()) all.push_back({name, tensor, false});
        return all;
      }()),
      layout_(layout_of(tensors(), group_->size())),
      optimiser_(tensors(), own_slices(*group_, layout_, tensors()), {config.betas, config.eps, config.weight_decay}) {
  network_->set_requires_grad(true);
  network_->set_mode(models::Mode::train);
  network_->set_recomputed({config.recompute_blocks, config.recompute_field});
  if (config.average_every > 0) power_.emplace(optimiser_.values(), config.average_lengths);
  if (!group_->is_alone()) reducer_ = std::make_unique<dist::GradientReducer>(tensors(), layout_, group_);
}

Trainer::~Trainer() = default;

std::vector<at::Tensor> Trainer::tensors() const {
  std::vector<at::Tensor> tensors;
  for (const Trained& each : trained_) tensors.push_back(each.tensor);
  return tensors;
}

StepReport Trainer::step(const TrainingBatch& batch) {
  const MicroBatch all = asked(batch);
  GradientsAside aside(tensors());
  StepReport report = report_of(forward_backward(all), all.flow.t);
  if (!std::isfinite(report.total)) throw diverged("loss", report.total, step_ + 1);
  report.learning_rate = learning_rate(config_, step_);
  report.gradient_norm = update(report.learning_rate);
  aside.finish();
  report.step = ++step_;
  return report;
}

MicroBatch Trainer::asked(const TrainingBatch& batch) const {
  const at::Device device = network_->device();
  const at::Tensor images = batch.images.to(device);
  const diffusion::Draws draws{batch.draws.drop.to(device), batch.draws.time.to(device), batch.draws.noise.to(device)};
  MicroBatch all;
  all.flow = diffusion::flow_sample(flow_, images, batch.condition.to(device), null_condition_.to(device), draws,
                                    network_->config().noise_scale);
  all.images = images;
  if (batch.features.defined()) all.features = batch.features.to(device);
  if (batch.captions.texts.defined()) {
    const at::Tensor& labels = batch.captions.labels;
    all.captions = {batch.captions.texts.to(device), batch.captions.groups.to(device),
                    labels.defined() ? labels.to(device) : labels};
  }
  return all;
}

Losses Trainer::forward_backward(const MicroBatch& batch) {
  const int64_t size = batch.flow.t.size(0);
  const int64_t part = config_.micro_batch_size.value_or(size);
  std::vector<Losses> parts;
  for (int64_t first = 0; first < size; first += part) {
    if (group_->any(stop_requested_ && stop_requested_())) throw Stopped();
    const int64_t count = std::min(part, size - first);
    const auto rows = [&](const at::Tensor& tensor) {
      return tensor.defined() ? tensor.narrow(0, first, count) : tensor;
    };
    const MicroBatch micro{
        {rows(batch.flow.x_t), rows(batch.flow.t), rows(batch.flow.velocity), rows(batch.flow.condition)},
        rows(batch.images),
        rows(batch.features),
        {rows(batch.captions.texts), rows(batch.captions.groups), rows(batch.captions.labels)}};
    const bool is_by_kernels = network_->trains_by_kernels(config_.precision) && !objective_.asks_judges(micro);
    Losses losses;
    {
      const nn::TeamScope team(is_by_kernels);
      const models::PrecisionScope precision(config_.precision, network_->device());
      losses = objective_(*network_, micro);
    }
    backward(objective_.total(losses).sum().div(size * group_->size()), is_by_kernels, first + count == size);
    parts.push_back(joined({losses}));  // without what they were computed of
  }
  return joined(parts);
}

// Of several processes the last micro batch sends what all have added up.
void Trainer::backward(const at::Tensor& loss, bool is_by_kernels, bool is_last) {
  const auto run = [&] {
    const nn::TeamScope team(is_by_kernels);
    loss.backward();
  };
  if (reducer_ && is_last) {
    reducer_->reduce_in(loss, run);
  } else {
    const nn::GradientsInPlace in_place(true);
    run();
  }
}

StepReport Trainer::report_of(const Losses& losses, const at::Tensor& times) const {
  std::vector<at::Tensor> columns{times, losses.flow, objective_.total(losses)};
  for (const SideLoss loss : kSideLosses) {
    const at::Tensor& values = losses.beside[loss];
    columns.push_back(values.defined() ? values : at::zeros_like(losses.flow));
  }
  const at::Tensor rows = at::stack(columns).to(at::kFloat).cpu();
  const at::Tensor all = group_->gather(rows).transpose(1, 2).flatten(0, 1).contiguous();  // [ranks * B, columns]
  StepReport report;
  const float* row = all.const_data_ptr<float>();
  for (int64_t i = 0; i < all.size(0); ++i, row += all.size(1)) {
    report.losses.flow.add(row[0], row[1]);
    report.total += row[2];
    for (size_t k = 0; k < kSideLosses.size(); ++k) report.losses.beside[kSideLosses[k]] += row[3 + k];
  }
  report.loss = report.losses.flow.mean();
  report.total /= static_cast<double>(all.size(0));
  return report;
}

double Trainer::gradient_norm() const {
  const at::Tensor norms = at::stack(at::_foreach_norm(optimiser_.gradients()));
  if (group_->is_alone()) return at::linalg_vector_norm(norms).item<double>();
  const at::Tensor squares = norms.to(at::kDouble).square().sum().cpu().to(at::kFloat);
  return std::sqrt(group_->gather(squares.view({1})).to(at::kDouble).sum().item<double>());
}

double Trainer::update(double learning_rate) {
  const c10::NoGradGuard no_grad;
  const double norm = gradient_norm();
  if (!std::isfinite(norm)) throw diverged("gradient's norm", norm, step_ + 1);
  optimiser_.step({learning_rate, ema_decay(config_, step_), clip_scale(norm, config_.gradient_clip_norm)});
  if (power_) power_->update(optimiser_.values(), step_ + 1);
  for (Trained& each : trained_) each.tensor.mutable_grad().reset();
  if (reducer_) reducer_->share_parameters();
  return norm;
}

// Of what each process has for its slices, tensors of the parameters' shapes; on rank 0, nothing elsewhere.
std::vector<at::Tensor> Trainer::collected(const std::vector<at::Tensor>& own) const {
  std::vector<at::Tensor> whole;
  if (group_->is_alone()) {
    for (size_t i = 0; i < own.size(); ++i) whole.push_back(own[i].view(trained_[i].tensor.sizes()));
    return whole;
  }
  const c10::NoGradGuard no_grad;
  if (group_->is_first()) {
    for (const Trained& each : trained_) whole.push_back(at::empty_like(each.tensor.detach(), at::kCPU));
  }
  dist::collect(*group_, layout_, own, flat(whole));
  return whole;
}

checkpoint::NamedTensors Trainer::state(State as) const {
  const std::vector<at::Tensor> average = collected(optimiser_.average()), mean = collected(optimiser_.exp_avg()),
                                square = collected(optimiser_.exp_avg_sq());
  std::vector<std::vector<at::Tensor>> powers;
  for (size_t k = 0; power_ && k < power_->size(); ++k) powers.push_back(collected(power_->average(k)));
  checkpoint::NamedTensors state;
  if (!group_->is_first()) return state;
  const auto put = [&](const std::string& name, const at::Tensor& tensor, bool is_own) {
    const bool copy = as == State::copies && is_own;
    state.emplace_back(name, copy ? tensor.to(at::kCPU, /*non_blocking=*/false, /*copy=*/true) : tensor);
  };
  const bool is_own = group_->is_alone();  // what was collected of several processes is a copy
  for (size_t i = 0; i < trained_.size(); ++i) {
    const auto& [name, tensor, is_network] = trained_[i];
    const std::string full = is_network ? name : concat(kBeside, name);  // among the optimiser's
    put(is_network ? kNetwork + name : full, tensor.detach(), true);
    if (is_network) put(kAverage + name, average[i], is_own);
    put(kMean + full, mean[i], is_own);
    put(kSquare + full, square[i], is_own);
    put(kSteps + full, optimiser_.steps()[i], true);
    for (size_t k = 0; k < powers.size(); ++k) put(power_name(power_->sigma_rel(k), full), powers[k][i], is_own);
  }
  return state;
}

std::vector<std::pair<double, checkpoint::NamedTensors>> Trainer::power_averages() const {
  std::vector<std::pair<double, checkpoint::NamedTensors>> averages;
  for (size_t k = 0; power_ && k < power_->size(); ++k) {
    const std::vector<at::Tensor> whole = collected(power_->average(k));
    checkpoint::NamedTensors named;
    for (size_t i = 0; i < whole.size(); ++i) {
      if (trained_[i].is_network) named.emplace_back(trained_[i].name, whole[i]);
    }
    averages.emplace_back(power_->sigma_rel(k), std::move(named));
  }
  return averages;
}

// `powers`: the lengths of power-function averages that are to be there.
checkpoint::NamedTensors Trainer::shapes_of_state(const std::vector<double>& powers) const {
  checkpoint::NamedTensors shapes;
  for (const auto& [name, tensor, is_network] : trained_) {
    const std::string full = is_network ? name : concat(kBeside, name);
    for (const double sigma_rel : powers) shapes.emplace_back(power_name(sigma_rel, full), tensor.detach());
    shapes.emplace_back(is_network ? kNetwork + name : full, tensor.detach());
    if (is_network) shapes.emplace_back(kAverage + name, tensor.detach());
    shapes.emplace_back(kMean + full, tensor.detach());
    shapes.emplace_back(kSquare + full, tensor.detach());
    shapes.emplace_back(kSteps + full, optimiser_.steps().front());
  }
  return shapes;
}

void Trainer::restore(const std::map<std::string, at::Tensor>& given, int64_t steps_taken, const std::string& source) {
  const c10::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> state = given;
  std::vector<double> powers;  // that the state holds, and this trainer keeps
  for (size_t k = 0; power_ && k < power_->size(); ++k) {
    if (state.contains(power_name(power_->sigma_rel(k), trained_.front().name))) powers.push_back(power_->sigma_rel(k));
  }
  std::erase_if(state, [&](const auto& each) {
    return each.first.starts_with(kPower) && std::none_of(powers.begin(), powers.end(), [&](double sigma_rel) {
             return each.first.starts_with(power_name(sigma_rel, ""));
           });
  });
  checkpoint::check_names_and_shapes(shapes_of_state(powers), state, source);
  for (size_t i = 0; i < trained_.size(); ++i) {
    const auto& [name, tensor, is_network] = trained_[i];
    const std::string full = is_network ? name : concat(kBeside, name);
    tensor.detach().copy_(state.at(is_network ? kNetwork + name : full));
    optimiser_.steps()[i].fill_(state.at(kSteps + full).item());
  }
  for (size_t i = 0; i < optimiser_.slices().size(); ++i) {
    const dist::Slice& slice = optimiser_.slices()[i];
    const auto& [name, tensor, is_network] = trained_[slice.tensor];
    const std::string full = is_network ? name : concat(kBeside, name);
    optimiser_.average()[i].copy_(slice_of(state.at(is_network ? kAverage + name : full), slice));
    optimiser_.exp_avg()[i].copy_(slice_of(state.at(kMean + full), slice));
    optimiser_.exp_avg_sq()[i].copy_(slice_of(state.at(kSquare + full), slice));
    for (size_t k = 0; power_ && k < power_->size(); ++k) {
      const auto found = state.find(power_name(power_->sigma_rel(k), full));
      power_->average(k)[i].copy_(found == state.end() ? optimiser_.average()[i] : slice_of(found->second, slice));
    }
  }
  checkpoint::require_unchanged(state);
  step_ = steps_taken;
}

void Trainer::collect_average() {
  if (group_->is_alone()) return;
  const std::vector<at::Tensor> average = collected(optimiser_.average());
  for (size_t i = 0; i < average.size(); ++i) {
    if (whole_average_.size() <= i) whole_average_.push_back(average[i].to(network_->device()));
    whole_average_[i].copy_(average[i]);
  }
}

checkpoint::NamedTensors Trainer::averaged_parameters() const {
  const std::vector<at::Tensor> average = group_->is_alone() ? collected(optimiser_.average()) : whole_average_;
  checkpoint::NamedTensors named;
  for (size_t i = 0; i < average.size(); ++i) {
    if (trained_[i].is_network) named.emplace_back(trained_[i].name, average[i]);
  }
  return named;
}

models::Network& Trainer::averaged_network() {
  if (averaged_network_) return *averaged_network_;
  averaged_network_ = models::make_network(network_->config());
  const checkpoint::NamedTensors average = averaged_parameters();
  averaged_network_->adopt({average.begin(), average.end()}, "the averaged parameters");
  return *averaged_network_;
}

}  // namespace pixnerd::train
