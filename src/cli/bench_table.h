// What sampling and training with a configuration cost on this machine: `pixnerd bench --table`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/compute_flags.h"

namespace pixnerd::cli {

struct TableFlags {
  std::vector<std::string> configs;  // names of configurations
  std::string checkpoint;            // one more column, of this network with its own sampler's settings
  std::optional<int64_t> steps;      // sampled, in place of the configuration's
  int64_t micro_batch = 4;           // pictures of a training pass
};

// A column for each configuration: seconds a picture and a step of sampling, seconds of a training step, and the memory
// of both, each measured in a process of its own, with random weights where there are no others. `batch` pictures are
// sampled together; training passes are timed `runs` times.
void print_bench_table(const TableFlags& flags, const ComputeFlags& compute, int64_t batch, int64_t runs, bool json);

}  // namespace pixnerd::cli
