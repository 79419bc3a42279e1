// The tensors of a Qwen3 text model under the names that Hugging Face's files give them.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "checkpoint/weights_file.h"
#include "models/qwen3_config.h"

namespace pixnerd::models {

// By their names without "model.": "layers.0.self_attn.q_proj.weight".
using Qwen3Weights = std::map<std::string, at::Tensor>;

// Chooses the text model's tensors out of all there are, whose names begin with "model." or do not; heads, such as
// lm_head.weight, are left out. Throws CheckpointError that begins with source and names the tensor, and the field of
// the config which it disagrees with, if one is missing, has another shape or is none of this network.
Qwen3Weights qwen3_weights(const Qwen3Weights& all, const Qwen3Config& config, const std::string& source);

// The file of weights in a folder: model.safetensors, or the index of several. Mapped; throws DataError that says what
// the folder must hold, and what WeightsFile::open throws.
std::shared_ptr<const checkpoint::WeightsFile> open_qwen3_weights(const std::filesystem::path& folder);

// All tensors of a file, mapped.
Qwen3Weights tensors_of(const std::shared_ptr<const checkpoint::WeightsFile>& file);

}  // namespace pixnerd::models
