#include "train/objective.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/nonzero.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <array>
#include <utility>

#include "core/errors.h"
#include "models/precision.h"
#include "train/perceptual.h"
#include "train/text_config.h"

namespace pixnerd::train {
namespace {

// What `loss` says of the rows of a batch with t >= from, and 0 for the others: [B].
template <class Loss>
at::Tensor gated(const at::Tensor& t, double from, const Loss& loss) {
  const at::Tensor rows = at::nonzero(t >= from).view(-1), none = at::zeros({t.size(0)}, t.options());
  return rows.numel() == 0 ? none : none.index_add(0, rows, loss(rows));
}

at::Tensor joined(const std::vector<at::Tensor>& parts) {
  return parts.size() == 1 ? parts.front() : at::cat(parts);
}

}  // namespace

std::span<const std::pair<const char*, FrequencyErrors>> enum_names(FrequencyErrors) {
  static constexpr std::array<std::pair<const char*, FrequencyErrors>, 2> kNames{
      {{"velocity", FrequencyErrors::velocity}, {"image", FrequencyErrors::image}}};
  return kNames;
}

void RepaConfig::validate() const {
  if (precision == models::Precision::int8)
    throw ConfigError("precision: int8 is for drawing; use bfloat16 or float32");
  if (weight > 0 && teacher.empty() && features.empty()) {
    throw ConfigError("teacher is empty; name DINOv2's weights (dinov2_vitb14_pretrain.pth), or set weight to 0");
  }
}

void PerceptualConfig::validate() const {
  if (weight > 0 && network.empty()) {
    throw ConfigError(
        "network is empty; name EfficientNet-Lite0's weights, which `make features` fetches, or set weight to 0");
  }
}

void TextConfig::validate() const {
  if (!alone || alignment > 0 || (!teacher.empty() && teacher_weight > 0)) return;
  throw ConfigError("alone trains the text encoder by alignment or by a teacher; set one of them");
}

Losses joined(const std::vector<Losses>& parts) {
  const auto all = [&](const auto& part_of) {
    std::vector<at::Tensor> tensors;
    for (const Losses& part : parts) tensors.push_back(part_of(part).detach());
    return joined(tensors);
  };
  Losses whole{all([](const Losses& part) { return part.flow; }), {}};
  for (const SideLoss loss : kSideLosses) {
    if (!parts.front().beside[loss].defined()) continue;
    whole.beside[loss] = all([&](const Losses& part) { return part.beside[loss]; });
  }
  return whole;
}

at::Tensor dispersive_loss(const at::Tensor& tokens, double temperature) {
  constexpr double kLeast = 1e-6;                      // of the mean, before its logarithm
  const at::Tensor z = tokens.to(at::kFloat).mean(1);  // [B, D]
  const int64_t batch = z.size(0);
  const at::Tensor distances = (z.unsqueeze(0) - z.unsqueeze(1)).square().sum(-1);  // [B, B]
  const at::Tensor others = 1 - at::eye(batch, z.options());
  const at::Tensor nearness = at::exp(distances / -temperature) * others;
  return (nearness.sum() / static_cast<double>(batch * batch) + kLeast).log();
}

Objective::Objective(const ObjectiveConfig& config, std::optional<Projector> projector, Judges judges)
    : config_(config), projector_(std::move(projector)), judges_(std::move(judges)) {
  weights_[SideLoss::repa] = config.repa.weight;
  weights_[SideLoss::dispersive] = config.dispersive.weight;
  weights_[SideLoss::frequency] = config.frequency.weight;
  weights_[SideLoss::perceptual] = config.perceptual.weight;
  weights_[SideLoss::alignment] = config.alignment;
  weights_[SideLoss::teacher] = config.teacher;
  if (has(SideLoss::frequency)) frequency_.emplace(config.frequency.quality);
}

Losses Objective::operator()(models::Network& network, const MicroBatch& batch) const {
  const auto& [x_t, t, velocity, condition] = batch.flow;
  if (config_.text_alone) {
    Losses losses{at::zeros_like(t), {}};
    read_captions(network, batch.captions, losses);
    return losses;
  }
  std::vector<models::BlockTap> tapped = taps();
  const at::Tensor v = tapped.empty() ? network.velocity(x_t, t, condition)
                                      : network.decode(x_t, t, network.encode_tapped(x_t, t, condition, tapped));
  Losses losses{diffusion::sample_losses(v, batch.flow), {}};
  if (has(SideLoss::repa)) losses.beside[SideLoss::repa] = aligned(tapped.front().tokens, batch);
  if (has(SideLoss::dispersive)) {
    const at::Tensor loss = dispersive_loss(tapped.back().tokens, config_.dispersive.temperature);
    losses.beside[SideLoss::dispersive] = loss.expand({t.size(0)});
  }
  read_captions(network, batch.captions, losses);
  look_at_pictures(v.to(at::kFloat), batch, losses);
  return losses;
}

// REPA's first, the dispersive loss's last; one where both want the same.
std::vector<models::BlockTap> Objective::taps() const {
  std::vector<models::BlockTap> taps;
  if (has(SideLoss::repa)) taps.push_back({config_.repa.block - 1, {}});
  if (has(SideLoss::dispersive) && (taps.empty() || config_.dispersive.block != config_.repa.block)) {
    taps.push_back({config_.dispersive.block - 1, {}});
  }
  return taps;
}

at::Tensor Objective::aligned(const at::Tensor& tokens, const MicroBatch& batch) const {
  const at::Tensor features =
      batch.features.defined() ? batch.features : teacher_features(*judges_.teacher, batch.images);
  return alignment_losses((*projector_)(tokens), features);
}

// As look_at_pictures().
void Objective::read_captions(models::Network& network, const CaptionGroups& captions, Losses& losses) const {
  if (!has(SideLoss::alignment) && !has(SideLoss::teacher)) return;
  const int64_t batch = captions.texts.size(0), each = captions.texts.size(1);
  const at::Tensor states = network.encode_text(captions.texts.flatten(0, 1));
  const models::PrecisionScope precision(models::Precision::float32, states.device());
  if (has(SideLoss::alignment)) {
    losses.beside[SideLoss::alignment] =
        alignment_loss(states, captions.groups.repeat_interleave(each)).expand({batch});
  }
  if (has(SideLoss::teacher)) {
    losses.beside[SideLoss::teacher] =
        teacher_loss(network.pool_text(states), captions.labels.repeat_interleave(each, 0)).expand({batch});
  }
}

// In float32, whatever the network computes in.
void Objective::look_at_pictures(const at::Tensor& velocity, const MicroBatch& batch, Losses& losses) const {
  const models::PrecisionScope precision(models::Precision::float32, velocity.device());
  const diffusion::FlowSample& flow = batch.flow;
  const at::Tensor left = (1 - flow.t).view({-1, 1, 1, 1});
  if (has(SideLoss::frequency)) {
    at::Tensor errors = velocity - flow.velocity;
    if (config_.frequency.of == FrequencyErrors::image) errors = left * errors;
    losses.beside[SideLoss::frequency] = gated(flow.t, config_.frequency.from, [&](const at::Tensor& rows) {
      return (*frequency_)(errors.index_select(0, rows));
    });
  }
  if (has(SideLoss::perceptual)) {
    const at::Tensor image = flow.x_t + left * velocity;
    losses.beside[SideLoss::perceptual] = gated(flow.t, config_.perceptual.from, [&](const at::Tensor& rows) {
      return perceptual_losses(*judges_.eye, image.index_select(0, rows), batch.images.index_select(0, rows));
    });
  }
}

at::Tensor Objective::total(const Losses& losses) const {
  at::Tensor total = losses.flow;
  for (const SideLoss loss : kSideLosses) {
    if (losses.beside[loss].defined()) total = total + weights_[loss] * losses.beside[loss];
  }
  return total;
}

bool Objective::asks_judges(const MicroBatch& batch) const {
  return has(SideLoss::perceptual) || (has(SideLoss::repa) && !batch.features.defined());
}

checkpoint::NamedTensors Objective::parameters() const {
  return projector_ ? projector_->parameters() : checkpoint::NamedTensors{};
}

}  // namespace pixnerd::train
