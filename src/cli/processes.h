// A verb that several processes carry out together: started by torchrun, srun or mpirun, each finds the others.
#pragma once

#include <c10/core/Device.h>

#include <memory>

#include "cli/compute_flags.h"
#include "core/progress.h"
#include "dist/group.h"

namespace pixnerd::cli {

struct Processes {
  std::shared_ptr<dist::Group> group;
  at::Device device = at::kCPU;
};

// Meets the others, shares out the machine's processors and GPUs, and keeps the lines of the log to rank 0, but for
// warnings, which name the rank. RequestError as dist::launch_from() and dist::Group::join().
Processes start_processes(const ComputeFlags& flags);

// Nothing, for those who have no terminal.
class NoProgress : public Progress {
 public:
  void update(int64_t, int64_t, std::string_view) override {}
};

}  // namespace pixnerd::cli
