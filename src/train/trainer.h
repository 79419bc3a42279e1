// One optimiser step of flow matching, and what it keeps: parameters, their average, the optimiser's state.
#pragma once

#include <memory>
#include <string>

#include "core/errors.h"
#include "core/stop.h"
#include "data/loader.h"
#include "diffusion/flow_matching.h"
#include "models/network.h"
#include "train/adamw.h"
#include "train/config.h"
#include "train/loss_by_time.h"

namespace pixnerd::train {

struct StepReport {
  int64_t step = 0;  // steps taken so far, this one included
  double loss = 0.0;
  LossByTime by_time;
  double gradient_norm = 0.0;  // before clipping
  double learning_rate = 0.0;
};

// The loss or its gradient is not a number any more.
class DivergedError : public DataError {
 public:
  using DataError::DataError;
};

// For one thread.
class Trainer {
 public:
  // The network's parameters are trained in place, in float32, on the network's device, which is in Mode::train from
  // now on; their average starts as a copy. null_condition [1, ...] takes the place of a condition that is dropped.
  Trainer(std::shared_ptr<models::Network> network, const TrainConfig& config, const diffusion::FlowConfig& flow,
          at::Tensor null_condition);

  // Asked before each micro batch: step() then throws Stopped, with the parameters as they were.
  void stop_when(StopRequested requested) { stop_requested_ = std::move(requested); }

  // images [B, 3, S, S] in [-1, 1], condition [B, ...] as the network takes it, on any device. Throws DivergedError
  // naming the step if the loss or a gradient is not finite; parameters and their gradients are then as they were, as
  // after anything else that is thrown before the update.
  StepReport step(const at::Tensor& images, const at::Tensor& condition, const diffusion::Draws& draws);

  // Loss of each sample and the gradients of their mean, without an update: what a benchmark times. Gradients are left
  // on the parameters. The batch is taken in parts of train.micro_batch_size.
  at::Tensor forward_backward(const diffusion::FlowSample& sample);

  // What the network is asked in the next step, on its device.
  diffusion::FlowSample flow_sample(const at::Tensor& images, const at::Tensor& condition,
                                    const diffusion::Draws& draws) const;

  // Clips, updates the parameters and their average, and frees the gradients; returns the norm before clipping. Throws
  // DivergedError if that is not finite; parameters and gradients are then as they were.
  double update(double learning_rate);

  int64_t steps_taken() const { return step_; }
  const diffusion::FlowConfig& flow() const { return flow_; }
  const AdamW& optimiser() const { return optimiser_; }
  checkpoint::NamedTensors parameters() const { return parameters_; }
  checkpoint::NamedTensors averaged_parameters() const;

  // Everything that the next steps depend on: denoiser.*, ema_denoiser.*, and the optimiser's optimizer.exp_avg.*,
  // optimizer.exp_avg_sq.*, optimizer.step.*. The tensors alias the trainer's own.
  checkpoint::NamedTensors state() const;

  // The inverse. CheckpointError naming `source` unless `state` holds exactly those entries with their shapes.
  void restore(const std::map<std::string, at::Tensor>& state, int64_t steps_taken, const std::string& source);

  // A second network on the averaged parameters, in Mode::infer, for sampling and validation; it follows every update.
  models::Network& averaged_network();

 private:
  std::shared_ptr<models::Network> network_, averaged_network_;
  TrainConfig config_;
  diffusion::FlowConfig flow_;
  at::Tensor null_condition_;
  checkpoint::NamedTensors parameters_;
  std::vector<at::Tensor> tensors_;
  AdamW optimiser_;
  int64_t step_ = 0;
  StopRequested stop_requested_;
};

}  // namespace pixnerd::train
