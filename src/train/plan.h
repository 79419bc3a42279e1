// What a run will take of memory, network and disk, told from its configuration alone.
#pragma once

#include <cstdint>

#include "train/config.h"
#include "train/step_memory.h"

namespace pixnerd::train {

struct Plan {
  int64_t ranks = 1;
  double parameters = 0;  // that are trained
  int64_t share = 0;      // pictures of a batch that a process has
  int64_t together = 0;   // of them computed at once
  StepMemory memory;      // of each process, in bytes
  double collected = 0;   // what rank 0 has beside it while a checkpoint is collected and written
  double sent = 0;        // bytes that each process sends in a step, and receives
  double operations = 0;  // of a process in a step, of all sizes the mean: its part of forward and backward passes
  double checkpoint = 0;  // bytes
};

// ConfigError where so many processes cannot share a batch, as check_shares(). model.num_classes must be settled.
Plan plan_of(const RunConfig& config, int64_t ranks, Exchange exchange);

}  // namespace pixnerd::train
