// What a run will need, looked at before its first step: whatever would end it later, and can be known now, is an error
// here, before anything is made.
#pragma once

#include <filesystem>

#include "sample/model_file.h"
#include "train/config.h"
#include "train/run_folder.h"

namespace pixnerd::train {

// Of the configuration, whose numbers of classes and styles are settled, and the names of the pictures' labels: sizes
// and channels that the network has no answer to, a grid of pictures that is too large, a description that could not
// be read back from a checkpoint. ConfigError; what is only odd, such as validations without held-out pictures, is a
// warning.
void check_settings(const RunConfig& config, const sample::ModelDescription& description);

// That so many processes can share a batch, and that the network has the blocks whose tokens REPA and the dispersive
// loss ask for. ConfigError.
void check_shares(const RunConfig& config, int64_t ranks);

// That the run's folder does not lie in the data set. DataError.
void check_outside(const RunConfig& config, const std::filesystem::path& out);

// That the folder can be written to and its disk has room for two checkpoints. DataError.
void check_folder(const RunConfig& config, const RunFolder& folder);

}  // namespace pixnerd::train
