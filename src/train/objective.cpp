#include "train/objective.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/eye.h>

#include <utility>

#include "core/errors.h"

namespace pixnerd::train {

void RepaConfig::validate() const {
  if (precision == models::Precision::int8)
    throw ConfigError("precision: int8 is for drawing; use bfloat16 or float32");
  if (weight > 0 && teacher.empty() && features.empty()) {
    throw ConfigError("teacher is empty; name DINOv2's weights (dinov2_vitb14_pretrain.pth), or set weight to 0");
  }
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

Objective::Objective(const RepaConfig& repa, const DispersiveConfig& dispersive, std::optional<Projector> projector,
                     std::shared_ptr<const models::DinoV2> teacher)
    : repa_(repa), dispersive_(dispersive), projector_(std::move(projector)), teacher_(std::move(teacher)) {}

Losses Objective::operator()(models::Network& network, const MicroBatch& batch) const {
  const diffusion::FlowSample& flow = batch.flow;
  if (is_flow_alone()) return {diffusion::sample_losses(network, flow), {}, {}};
  std::vector<models::BlockTap> taps;
  if (repa_.weight > 0) taps.push_back({repa_.block - 1, {}});
  if (dispersive_.weight > 0 && (taps.empty() || dispersive_.block != repa_.block)) {
    taps.push_back({dispersive_.block - 1, {}});
  }
  const at::Tensor s = network.encode_tapped(flow.x_t, flow.t, flow.condition, taps);
  Losses losses;
  losses.flow = diffusion::sample_losses(network.decode(flow.x_t, flow.t, s), flow);
  if (repa_.weight > 0) losses.repa = aligned(taps.front().tokens, batch);
  if (dispersive_.weight > 0) {
    losses.dispersive = dispersive_loss(taps.back().tokens, dispersive_.temperature).expand({flow.t.size(0)});
  }
  return losses;
}

at::Tensor Objective::aligned(const at::Tensor& tokens, const MicroBatch& batch) const {
  const at::Tensor features = batch.features.defined() ? batch.features : teacher_features(*teacher_, batch.images);
  return alignment_losses((*projector_)(tokens), features);
}

at::Tensor Objective::total(const Losses& losses) const {
  at::Tensor total = losses.flow;
  if (losses.repa.defined()) total = total + repa_.weight * losses.repa;
  if (losses.dispersive.defined()) total = total + dispersive_.weight * losses.dispersive;
  return total;
}

checkpoint::NamedTensors Objective::parameters() const {
  return projector_ ? projector_->parameters() : checkpoint::NamedTensors{};
}

}  // namespace pixnerd::train
