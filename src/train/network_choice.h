// Which network a run trains where its configuration leaves that open.
#pragma once

#include <filesystem>

#include "train/config.h"
#include "train/run.h"

namespace pixnerd::train {

// Where config.is_model_open: the network of the run in `out` that is gone on with, or else of the file that the run
// begins from (options.init, options.resume_from), which is said; else it stays that of default_model. Numbers of
// labels stay what they are. CheckpointError, DataError: the file cannot be read, or is of another kind of network.
void settle_network(RunConfig& config, const std::filesystem::path& out, const RunOptions& options);

}  // namespace pixnerd::train
