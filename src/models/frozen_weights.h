// The weights of a network that is used as others trained it, from the file in which they published it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "checkpoint/tensors.h"

namespace pixnerd::models {

struct FrozenWeights {
  std::map<std::string, at::Tensor> tensors;
  std::string source;  // opens messages
};

// Any file of weights; names are taken without the dicts round them. DataError, CheckpointError.
FrozenWeights load_frozen_weights(const std::filesystem::path& path);

// CheckpointError that begins with the source unless they are exactly the expected ones, which may be meta tensors;
// num_batches_tracked, which only training uses, is passed over.
void check_frozen_weights(const checkpoint::NamedTensors& expected, const FrozenWeights& weights);

// A meta tensor for such a list.
at::Tensor expected_tensor(at::IntArrayRef shape);

// Differs with any name or value: what different networks saw does not compare.
uint64_t fingerprint_of(const std::map<std::string, at::Tensor>& tensors);

}  // namespace pixnerd::models
