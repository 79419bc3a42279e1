// How a process was started, as one of several that work together: by torchrun, by SLURM's srun or by MPI's mpirun.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace pixnerd::dist {

struct Launch {
  int64_t rank = 0, size = 1;              // of this process, and of how many
  int64_t local_rank = 0, local_size = 1;  // the same among the processes of its machine
  std::string address = "127.0.0.1";       // where they meet: the machine of rank 0
  uint16_t port = 29500;
  bool has_agent = false;  // torchrun keeps the meeting place; else rank 0 does
  std::string attempt;     // differs each time that torchrun starts them anew
};

using Environment = std::function<std::optional<std::string>(const char* name)>;

// The process's own.
std::optional<std::string> environment(const char* name);

// From the first of these that says more than one process:
//   torchrun                RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR, MASTER_PORT, TORCHELASTIC_*
//   Open MPI                OMPI_COMM_WORLD_RANK, _SIZE, _LOCAL_RANK, _LOCAL_SIZE
//   MPICH, Intel MPI        PMI_RANK, PMI_SIZE, MPI_LOCALRANKID, MPI_LOCALNRANKS
//   SLURM's srun            SLURM_PROCID, SLURM_STEP_NUM_TASKS, SLURM_LOCALID, SLURM_STEP_NODELIST
// MASTER_ADDR and MASTER_PORT are heeded with all of them; without, processes of one machine meet on it, and those of
// srun on the first machine of its list. A process that is alone has size 1. RequestError: variables that are no
// numbers, missing, or that contradict each other.
Launch launch_from(const Environment& environment);

// The first machine in a list as SLURM writes it: "gpu[03-07,9],login" is gpu03.
std::string first_machine(const std::string& list);

}  // namespace pixnerd::dist
