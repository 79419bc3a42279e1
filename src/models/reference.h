// The networks written the slow, obvious way: plain tensor operations in the paper's order, one function a sentence of
// the paper, nothing precomputed or fused. The baseline of the benchmarks and the oracle of the networks and their
// kernels; they share no code with them but the configuration.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "diffusion/denoiser.h"
#include "models/config.h"
#include "models/mode.h"

namespace pixnerd::models {

// Called with the output of every stage under its module's name: "t_embedder", "blocks.0", ..., "final_layer".
using StageObserver = std::function<void(const std::string& name, const at::Tensor& output)>;

// Parameters under their checkpoint names; they are used as they are, gradients flow into them. The condition is that
// of the network; of the mode only the clamp of 1 - t counts.
std::unique_ptr<diffusion::Denoiser> make_reference(const ModelConfig& config,
                                                    std::map<std::string, at::Tensor> parameters, Mode mode,
                                                    StageObserver observe = {});

}  // namespace pixnerd::models
