// What a training step minimises:
//
//   flow matching's loss  +  repa.weight * mean(1 - cos(projected tokens, DINOv2's))  +  dispersive.weight * log(
//     sum over i != j of exp(-|z_i - z_j|^2 / temperature) / B^2 + 1e-6),   z the mean of a picture's tokens
//
// The dispersive loss (Wang and He, arXiv 2506.09027) is that of the official repository's DisperseTrainer; it is of
// the B pictures that are computed together, a micro batch of one process.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>

#include "checkpoint/tensors.h"
#include "diffusion/flow_matching.h"
#include "models/network.h"
#include "train/objective_config.h"
#include "train/repa.h"

namespace pixnerd::train {

// What is computed together.
struct MicroBatch {
  diffusion::FlowSample flow;
  at::Tensor images;    // [B, 3, H, W] in [-1, 1], clean
  at::Tensor features;  // [B, L, F], DINOv2's of them, where they are known already
};

// [B] float32 each, with gradients; undefined where the loss has no weight. The dispersive one is the same for all.
struct Losses {
  at::Tensor flow, repa, dispersive;
};

// [B, L, D] -> a scalar, float32.
at::Tensor dispersive_loss(const at::Tensor& tokens, double temperature);

class Objective {
 public:
  // Flow matching alone.
  Objective() = default;

  Objective(const RepaConfig& repa, const DispersiveConfig& dispersive, std::optional<Projector> projector,
            std::shared_ptr<const models::DinoV2> teacher);

  // Of a network in Mode::train. The teacher is asked where the features are not given. RequestError where a block is
  // not there.
  Losses operator()(models::Network& network, const MicroBatch& batch) const;

  // [B]: the weighted sum.
  at::Tensor total(const Losses& losses) const;

  bool is_flow_alone() const { return repa_.weight == 0 && dispersive_.weight == 0; }

  // What is trained beside the network.
  checkpoint::NamedTensors parameters() const;

 private:
  at::Tensor aligned(const at::Tensor& tokens, const MicroBatch& batch) const;

  RepaConfig repa_;
  DispersiveConfig dispersive_;
  std::optional<Projector> projector_;
  std::shared_ptr<const models::DinoV2> teacher_;
};

}  // namespace pixnerd::train
