// Which entries of a file of weights belong together: the averaged network, the trained one, and what training keeps
// beside them.
#pragma once

#include <string_view>
#include <vector>

#include "checkpoint/weights_file.h"

namespace pixnerd::sample {

// The prefixes of entries, with their dot.
inline constexpr std::string_view kEmaPrefix = "ema_denoiser.";
inline constexpr std::string_view kTrainedPrefix = "denoiser.";
inline constexpr std::string_view kTrainingPrefixes[] = {"optimizer.", "diffusion_trainer."};

enum class Weights { prefer_ema, ema, trained };

enum class WeightSet {
  ema,      // ema_denoiser.<parameter>
  trained,  // denoiser.<parameter>
  bare,     // <parameter>
  beside,   // kTrainingPrefixes: they stand beside the weights
  state,    // of PyTorch files, what is not in their state_dict: states of optimisers and the like
};

struct NamedEntry {
  WeightSet set;
  std::string_view name;       // without the containers of PyTorch files: "ema_denoiser.x_embedder.embedder.0.weight"
  std::string_view parameter;  // name without the prefix of its set
  const checkpoint::StridedEntry* entry;
};

// All entries in the file's order. They and their names belong to the file.
std::vector<NamedEntry> named_entries(const checkpoint::WeightsFile& file);

bool has(const std::vector<NamedEntry>& entries, WeightSet set);

// The set that is meant. A file of bare names has one set, which serves for all. Throws CheckpointError if the set is
// not there, if there is none, or if entries of no set stand beside others.
WeightSet choose(const std::vector<NamedEntry>& entries, Weights which, const std::string& source);

}  // namespace pixnerd::sample
