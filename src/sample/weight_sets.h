// Which entries of a file of weights belong together: the averaged network, the trained one, and what training keeps
// beside them.
//
// Files differ in what stands before a parameter's own name: containers of torch.save (state_dict/, model/, ema/,
// module/), the names of modules around the network (denoiser., model.diffusion_model.), and those of wrappers
// (module., _orig_mod.), which may stand anywhere. What is left out is whatever stands before the names of PixNerd's
// parameters.
#pragma once

#include <string>
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
  ema,      // ema_denoiser.<parameter>, or what else is called an average
  trained,  // denoiser.<parameter>, or what stands beside an average
  bare,     // <parameter>, or behind any other prefix: the one set of a file
  beside,   // kTrainingPrefixes and other modules: they stand beside the weights
  state,    // of PyTorch files, what is not in a container of weights: states of optimisers and the like
};

struct NamedEntry {
  WeightSet set;
  std::string name;       // as pixnerd's files have it: "ema_denoiser.x_embedder.embedder.0.weight"
  std::string parameter;  // name without the prefix of its set
  const checkpoint::StridedEntry* entry;
};

// All entries in the file's order; they belong to the file.
std::vector<NamedEntry> named_entries(const checkpoint::WeightsFile& file);

bool has(const std::vector<NamedEntry>& entries, WeightSet set);

// The set that is meant. A file of bare names has one set, which serves for all. Throws CheckpointError if the set is
// not there, or if there is none.
WeightSet choose(const std::vector<NamedEntry>& entries, Weights which, const std::string& source);

// What is unusual about the names of a set, in a sentence's part: "its parameters' names begin with 'module.', which is
// left out"; "" where they are those of published or own files.
std::string note_on_names(const std::vector<NamedEntry>& entries, WeightSet set);

}  // namespace pixnerd::sample
