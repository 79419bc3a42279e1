// Everything random about one process's part of a step. It belongs to the pictures' positions in the run: position p of
// the run has the same draws whichever step, batch or process it falls to.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "diffusion/flow_matching.h"
#include "train/config.h"

namespace pixnerd::train {

// Rows [first, first + rows) of the batch of step `step` (from 0).
struct StepPart {
  int64_t step = 0, first = 0, rows = 0;
};

// For pictures [channels, height, width], on the CPU. The first flow.early_share of the whole batch have early times,
// in the steps that have any.
diffusion::Draws draws_of(const RunConfig& config, const StepPart& part, at::IntArrayRef picture);

}  // namespace pixnerd::train
