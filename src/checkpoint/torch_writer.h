// Writes files that torch.load(weights_only=True) reads, in the layout of PyTorch Lightning:
//   {"state_dict": {name: tensor, ...}, key: text, ..., "global_step": 3}
#pragma once

#include <filesystem>
#include <span>

#include "checkpoint/safetensors.h"

namespace pixnerd::checkpoint {

// Each entry has a storage of its own, at a multiple of 64 bytes. The metadata stands beside "state_dict"; whole
// numbers under "global_step" and "epoch" are written as such. The same entries and metadata give the same bytes. The
// file appears whole or not at all; one entry at a time is in memory. Throws CheckpointError for a name that is there
// twice or text that is not UTF-8, DataError if the file cannot be written.
void write_torch_file(const std::filesystem::path& path, std::span<const TensorEntry> entries,
                      const Metadata& metadata = {}, const BytesOf& bytes_of_entry = {});

}  // namespace pixnerd::checkpoint
