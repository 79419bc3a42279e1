// What a run works on: its pictures, conditions, losses and figures, made of its configuration before the first step.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "data/picture_set.h"
#include "dist/group.h"
#include "models/network.h"
#include "train/conditions.h"
#include "train/evaluation.h"
#include "train/objective.h"
#include "train/run.h"

namespace pixnerd::train {

// The streams of train.seed (core/random.h), so that parameters, draws and data order are independent of each other.
inline constexpr uint64_t kInitialStream = 1, kDrawStream = 2, kProjectorStream = 4;

struct RunInputs {
  std::shared_ptr<const data::PictureSet> pictures;
  uint64_t fingerprint = 0;
  std::unique_ptr<Conditions> conditions;
  std::optional<Evaluation> evaluation;  // of rank 0
  Judges judges;
};

// Collective. Settles what the pictures decide in `config`. Throws whatever would end the run later and can be known
// now.
RunInputs open_inputs(RunConfig& config, const std::filesystem::path& out, const RunOptions& options);

// On options.device, in float32: new parameters, or with options.init and a new run the weights of that file.
std::shared_ptr<models::Network> initial_network(const RunConfig& config, const RunOptions& options, bool is_new,
                                                 const sample::ModelDescription& description);

// The losses of the configuration, with a new projector where there is to be one.
Objective make_objective(const RunConfig& config, Judges judges, const at::Device& device);

}  // namespace pixnerd::train
