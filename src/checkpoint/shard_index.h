// The index of safetensors files that belong together, as Hugging Face writes it:
//   {"metadata": {"total_size": 123}, "weight_map": {name: "model-00001-of-00002.safetensors", ...}}
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/safetensors.h"

namespace pixnerd::checkpoint {

inline constexpr std::string_view kIndexEnding = ".index.json";

using ShardIndex = std::map<std::string, std::string>;  // name of a tensor -> name of its file

// Checked before it returns: names are there once, and files are names in the index's own folder. What else the index
// says is passed over. Throws CheckpointError that names source.
ShardIndex parse_shard_index(std::string_view json, const std::string& source);

// The files that write_shards() makes beside the index.
std::vector<std::filesystem::path> shard_files(const std::filesystem::path& index, std::span<const TensorEntry> entries,
                                               uint64_t shard_bytes);

// Writes entries into files of at most shard_bytes each, or of one entry where that is longer, and beside them the
// index: for "x.safetensors.index.json" the files are "x-00001-of-00002.safetensors" and so on. The index is removed
// first and written last, so that there is never one whose files are of another time. Errors as write_safetensors.
void write_shards(const std::filesystem::path& index, std::span<const TensorEntry> entries, const Metadata& metadata,
                  uint64_t shard_bytes, const BytesOf& bytes_of_entry = {});

}  // namespace pixnerd::checkpoint
