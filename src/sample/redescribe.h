// A file of weights with another description.
#pragma once

#include <filesystem>
#include <memory>

#include "checkpoint/weights_file.h"
#include "sample/model_file.h"

namespace pixnerd::sample {

// Writes every tensor of `file` byte for byte, under its name, into a safetensors file whose metadata are those of
// `file` with `description` in the place of its own. Of PyTorch files what is not in the state_dict is left out. `path`
// may be the file itself: it is replaced when all is written. DataError if it cannot be written.
void write_with(const ModelDescription& description, const std::shared_ptr<const checkpoint::WeightsFile>& file,
                const std::filesystem::path& path);

}  // namespace pixnerd::sample
