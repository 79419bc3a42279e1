// One optimiser step of flow matching, and what it keeps: parameters, their average, the optimiser's state.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/errors.h"
#include "core/stop.h"
#include "diffusion/flow_matching.h"
#include "dist/gradient_reducer.h"
#include "dist/group.h"
#include "dist/layout.h"
#include "models/network.h"
#include "train/adamw.h"
#include "train/config.h"
#include "train/loss_by_time.h"
#include "train/objective.h"
#include "train/power_average.h"

namespace pixnerd::train {

struct StepReport {
  int64_t step = 0;    // steps taken so far, this one included
  double loss = 0.0;   // flow matching's, the mean over the batch
  double total = 0.0;  // what was minimised
  LossWindow losses;
  double gradient_norm = 0.0;  // before clipping
  double learning_rate = 0.0;
};

// What one process gives to a step: its rows of the batch.
struct TrainingBatch {
  at::Tensor images;     // [B, 3, S, S] in [-1, 1]
  at::Tensor condition;  // [B, ...] as the network takes it
  diffusion::Draws draws;
  at::Tensor features{};  // [B, L, F], DINOv2's of the images, where REPA has them already
  CaptionGroups captions{};
};

// The loss or its gradient is not a number any more.
class DivergedError : public DataError {
 public:
  using DataError::DataError;
};

// For one thread. With a group of several processes each of them has one, and every call that says "collective" is made
// by all. The batch of a step is shared out among them, rank 0 has its first rows; the optimiser's state is shared out
// as dist/layout.h says (ZeRO-1), parameters are the same everywhere. Losses and gradients are those of one process
// with the whole batch, up to the order of sums: dist/gradient_reducer.h.
class Trainer {
 public:
  // Collective. The network's parameters, and the objective's, are trained in place, in float32, on the network's
  // device; it is in Mode::train from now on. The average of the network's starts as a copy.
  // null_condition [1, ...] takes the place of a condition that is dropped.
  Trainer(std::shared_ptr<models::Network> network, const TrainConfig& config, const diffusion::FlowConfig& flow,
          at::Tensor null_condition, Objective objective = {},
          std::shared_ptr<dist::Group> group = dist::Group::alone());
  ~Trainer();

  // Asked before each micro batch: step() then throws Stopped, with the parameters as they were, in all processes if
  // one asks for it.
  void stop_when(StopRequested requested) { stop_requested_ = std::move(requested); }

  // Collective; tensors on any device. Throws DivergedError naming the step if the loss or a gradient is not finite;
  // parameters and their gradients are then as they were, as after anything else that is thrown before the update.
  StepReport step(const TrainingBatch& batch);

  // Collective. The losses of each sample and the gradients of their total's mean over the batches of all processes,
  // without an update: what a benchmark times. Gradients are left on the parameters (with several processes, those of
  // this one's slices). The batch is taken in parts of train.micro_batch_size.
  Losses forward_backward(const MicroBatch& batch);

  // What the network is asked in the next step, on its device.
  MicroBatch asked(const TrainingBatch& batch) const;

  // Collective. Clips, updates the parameters and their average, and frees the gradients; returns the norm before
  // clipping. Throws DivergedError if that is not finite; parameters and gradients are then as they were.
  double update(double learning_rate);

  int64_t steps_taken() const { return step_; }
  const diffusion::FlowConfig& flow() const { return flow_; }
  const Objective& objective() const { return objective_; }
  const AdamW& optimiser() const { return optimiser_; }
  checkpoint::NamedTensors parameters() const { return network_->parameters(); }
  checkpoint::NamedTensors beside() const { return objective_.parameters(); }  // what is trained beside the network

  // Everything that the next steps depend on: denoiser.*, ema_denoiser.*, diffusion_trainer.* (the objective's), and
  // the optimiser's optimizer.exp_avg.*, optimizer.exp_avg_sq.*, optimizer.step.*, and optimizer.average0.05.* of the
  // power-function average of that length. Collective: rank 0 gets it, the
  // others nothing. Tensors alias the trainer's own unless they are to be copies, on the CPU.
  enum class State { aliases, copies };
  checkpoint::NamedTensors state(State as = State::aliases) const;

  // The inverse, from a state that every process has. CheckpointError naming `source` unless `state` holds exactly
  // those entries with their shapes; power-function averages that it lacks begin as the average.
  void restore(const std::map<std::string, at::Tensor>& state, int64_t steps_taken, const std::string& source);

  // The average, for rank 0: brings it up to date where it is shared out. Collective. One process needs no call.
  void collect_average();
  checkpoint::NamedTensors averaged_parameters() const;

  // Collective. Of each power-function average (train.average_lengths, where train.average_every asks for them) the
  // network's tensors, for rank 0; nothing elsewhere.
  std::vector<std::pair<double, checkpoint::NamedTensors>> power_averages() const;

  // A second network on the averaged parameters, in Mode::infer, for sampling and validation; it follows every update,
  // or with several processes every collect_average(), on rank 0.
  models::Network& averaged_network();

 private:
  struct Trained {
    std::string name;  // after "denoiser." or "diffusion_trainer."
    at::Tensor tensor;
    bool is_network = true;
  };

  std::vector<at::Tensor> tensors() const;
  std::vector<at::Tensor> collected(const std::vector<at::Tensor>& own) const;
  void backward(const at::Tensor& loss, bool is_by_kernels, bool is_last);
  StepReport report_of(const Losses& losses, const at::Tensor& times) const;
  double gradient_norm() const;
  checkpoint::NamedTensors shapes_of_state(const std::vector<double>& powers) const;

  std::shared_ptr<models::Network> network_, averaged_network_;
  TrainConfig config_;
  diffusion::FlowConfig flow_;
  at::Tensor null_condition_;
  Objective objective_;
  std::shared_ptr<dist::Group> group_;
  std::vector<Trained> trained_;
  dist::Layout layout_;
  AdamW optimiser_;
  std::optional<PowerAverages> power_;              // of the optimiser's slices
  std::unique_ptr<dist::GradientReducer> reducer_;  // of several processes
  std::vector<at::Tensor> whole_average_;           // of several processes, on rank 0 once it was collected
  int64_t step_ = 0;
  StopRequested stop_requested_;
};

}  // namespace pixnerd::train
