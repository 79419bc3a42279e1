// Activation checkpointing (Chen et al., "Training deep nets with sublinear memory cost"): a part of a network keeps
// only its inputs for the backward pass and is computed anew there.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace pixnerd::models {

// part(inputs), with the same values and gradients as if called directly. At least one input must want a gradient.
// `part` must be a function of its inputs and of parameters that live until the backward pass.
at::Tensor recomputed(std::function<at::Tensor(const std::vector<at::Tensor>&)> part,
                      const std::vector<at::Tensor>& inputs);

}  // namespace pixnerd::models
