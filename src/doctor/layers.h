// Layers that are dead or explode, told from what a checkpoint holds.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "doctor/finding.h"

namespace pixnerd::doctor {

// `state` is that of a trainer after some steps: denoiser.*, optimizer.exp_avg_sq.* and optimizer.step.* (the latter
// two may be missing).
//   dead       a matrix whose weights are zero, or whose gradients' running square is, for most of its rows: AdamW
//   moves
//              whatever a gradient reaches by the learning rate at once, so zero means that none did
//   exploding  weights whose root mean square is fifty times that of a layer's usual start, 1 / sqrt(inputs), or more;
//              weights that are no numbers
// One finding of each kind, which names the worst layer and counts the others.
std::vector<Finding> check_layers(const std::map<std::string, at::Tensor>& state);

}  // namespace pixnerd::doctor
