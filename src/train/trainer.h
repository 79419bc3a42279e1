// One optimiser step of flow matching, and what it keeps: parameters, their average, the optimiser's state.
#pragma once

#include <memory>

#include "data/loader.h"
#include "diffusion/flow_matching.h"
#include "models/network.h"
#include "train/adamw.h"
#include "train/config.h"

namespace pixnerd::train {

struct StepReport {
  int64_t step = 0;  // steps taken so far, this one included
  double loss = 0.0;
  double gradient_norm = 0.0;  // before clipping
  double learning_rate = 0.0;
};

class Trainer {
 public:
  // The network's parameters are trained in place, in float32; their average starts as a copy.
  Trainer(std::shared_ptr<models::Network> network, const TrainConfig& config, const diffusion::FlowConfig& flow);

  // Throws DataError naming the step if the loss is not a number; parameters are then as they were.
  StepReport step(const data::Batch& batch, const diffusion::Draws& draws);

  // Loss and its gradients, without an update: what a benchmark times. Gradients are left on the parameters.
  at::Tensor forward_backward(const data::Batch& batch, const diffusion::Draws& draws);

  // Clips, updates the parameters and their average, and frees the gradients; returns the norm before clipping.
  double update(double learning_rate);

  int64_t steps_taken() const { return step_; }
  const diffusion::FlowConfig& flow() const { return flow_; }
  const AdamW& optimiser() const { return optimiser_; }
  checkpoint::NamedTensors parameters() const { return parameters_; }
  checkpoint::NamedTensors averaged_parameters() const;

 private:
  std::shared_ptr<models::Network> network_;
  TrainConfig config_;
  diffusion::FlowConfig flow_;
  checkpoint::NamedTensors parameters_;
  std::vector<at::Tensor> tensors_, average_;
  AdamW optimiser_;
  int64_t step_ = 0;
};

}  // namespace pixnerd::train
