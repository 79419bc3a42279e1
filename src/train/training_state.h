// The whole state of a training that another program, or another run, has left in a file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "checkpoint/tensors.h"
#include "train/config.h"

namespace pixnerd::train {

// Before the names of what is trained with the network.
inline constexpr std::string_view kBeside = "diffusion_trainer.";

struct TrainingState {
  std::map<std::string, at::Tensor> tensors;  // as Trainer::restore() takes them; they alias the mapped file
  int64_t step = 0;
  std::string source;
};

// From a checkpoint of a run, or from a file of the official code's Lightning, or of {"model", "ema", "opt"}: weights,
// their average (where there is none, it begins as the weights, which is said), and AdamW's exp_avg, exp_avg_sq and
// step. PyTorch numbers the states of optimisers: number i is that of the i-th parameter of the first group, and
// parameters stand in the file in the order in which the network registered them. Every shape is checked. Settings of
// the optimiser that differ from `config` are logged; they stay what `config` says. `beside`: what is trained with
// the network, REPA's projector; its states are those of the second group, and where the file has none, it begins as
// it is, which is said. CheckpointError: states are missing, of another optimiser, or of another network.
TrainingState read_training_state(const std::filesystem::path& path, const checkpoint::NamedTensors& parameters,
                                  const checkpoint::NamedTensors& beside, const TrainConfig& config);

}  // namespace pixnerd::train
