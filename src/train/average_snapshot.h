// What a run stores of its power-function averages, so that one of any length can be rebuilt (rebuilt_average.h):
//
//   RUN/averages/step-00010000-sigma0.050.safetensors
//
// each a file to sample from, too: ema_denoiser.* in float16, and in the metadata what a checkpoint says of its
// network, the step, and sigma_rel. Averages that are rebuilt from 64 of them are off by 2e-4 (of the norm of the
// weights) at lengths from .05 to .2, and by less than 1e-3 at .03, where rounding grows threefold; of snapshots in
// bfloat16 it would be eight times as much.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "checkpoint/tensors.h"
#include "sample/model_file.h"
#include "train/power_profile.h"

namespace pixnerd::train {

inline constexpr const char* kAverages = "averages";              // the folder in that of the run
inline constexpr const char* kSigmaRelKey = "pixnerd.sigma_rel";  // of the metadata

// A file, as its name says.
struct Snapshot {
  PowerProfile profile;
  std::filesystem::path path;
};

// Where the snapshot of a profile goes, whose sigma_rel is in whole thousandths. Its folder is not made.
std::filesystem::path snapshot_path(const std::filesystem::path& run, const PowerProfile& profile);

// Writes the average, under its parameters' own names, whole or not at all; what is there is replaced, which by a
// resumed run are the same bytes. A tensor with values that float16 cannot hold stays float32. The folder is made.
// DataError if it cannot be written.
void write_snapshot(const std::filesystem::path& run, const PowerProfile& profile,
                    const checkpoint::NamedTensors& average, const sample::ModelDescription& description);

// Those of a run, by step and then by length; none where it has no such folder.
std::vector<Snapshot> snapshots_in(const std::filesystem::path& run);

// Removes those of later steps, which a run that goes on from `step` makes anew, and half-written ones.
void remove_snapshots_after(const std::filesystem::path& run, int64_t step);

}  // namespace pixnerd::train
