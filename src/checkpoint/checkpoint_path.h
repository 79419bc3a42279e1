// What file of weights is meant by a path that people give.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace pixnerd::checkpoint {

// The path itself where it is no folder. Of a folder:
// clang-format off
//   a run's, or its checkpoints/               the newest checkpoint that can be opened; those passed over are logged
//   Diffusers', a pipeline's or a network's    its (transformer/)diffusion_pytorch_model.safetensors, or the index of it
//   DeepSpeed's                                the states of the network that its file `latest` names
//   one that holds model.safetensors           that file, or its index
// clang-format on
// CheckpointError for any other folder, named as what it is where that is known; only names are looked at, and no more
// than a few thousand of them.
std::filesystem::path checkpoint_path(const std::filesystem::path& given);

// What a file is that is no file of weights, and how to come to one: "is a pointer of Git LFS, ..."; "" if unknown.
std::string known_stranger(std::span<const std::byte> file);

}  // namespace pixnerd::checkpoint
