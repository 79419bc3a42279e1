#include "dist/launch.h"

#include <charconv>
#include <cstdlib>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::dist {
namespace {

constexpr int64_t kMostProcesses = 1 << 20;

// The names that one launcher uses.
struct Names {
  const char *rank, *size, *local_rank, *local_size;
};

constexpr Names kTorchrun{"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"};
constexpr Names kOpenMpi{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
                         "OMPI_COMM_WORLD_LOCAL_SIZE"};
constexpr Names kPmi{"PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"};
constexpr Names kSlurm{"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", nullptr};

std::optional<int64_t> number(const Environment& environment, const char* name, int64_t least, int64_t most) {
  if (name == nullptr) return std::nullopt;
  const std::optional<std::string> text = environment(name);
  if (!text || text->empty()) return std::nullopt;
  int64_t value = 0;
  const char* const end = text->data() + text->size();
  const auto [stopped, error] = std::from_chars(text->data(), end, value);
  if (error == std::errc{} && stopped == end && value >= least && value <= most) return value;
  throw RequestError(concat("the environment variable ", name, " is ", quoted(*text), ", no number of ", least, " to ",
                            most, "; unset it, or start the processes by torchrun, srun or mpirun"));
}

int64_t required(const Environment& environment, const char* name, int64_t most, const char* because) {
  if (const auto value = number(environment, name, 0, most)) return *value;
  throw RequestError(concat("the environment variable ", name, " is not set, but ", because,
                            " is; start the processes by torchrun, srun or mpirun"));
}

// SLURM says for each machine how many tasks it has, such as "8(x4)": the first number is enough where all are alike.
int64_t tasks_of_machine(const Environment& environment, int64_t size) {
  const std::string tasks = environment("SLURM_STEP_TASKS_PER_NODE").value_or("");
  int64_t value = 0;
  const auto [stopped, error] = std::from_chars(tasks.data(), tasks.data() + tasks.size(), value);
  return error == std::errc{} && value >= 1 && value <= size ? value : size;
}

bool numbers_of(const Environment& environment, const Names& names, Launch& launch) {
  const auto size = number(environment, names.size, 1, kMostProcesses);
  if (!size || *size == 1) return false;
  launch.size = *size;
  launch.rank = required(environment, names.rank, *size - 1, names.size);
  launch.local_size = names.local_size == nullptr ? tasks_of_machine(environment, *size)
                                                  : number(environment, names.local_size, 1, *size).value_or(*size);
  launch.local_rank = number(environment, names.local_rank, 0, *size - 1).value_or(launch.rank);
  return true;
}

std::string meeting_place(const Environment& environment, const Launch& launch, bool is_slurm) {
  if (const auto address = environment("MASTER_ADDR"); address && !address->empty()) return *address;
  if (launch.local_size == launch.size) return "127.0.0.1";
  if (is_slurm) {
    for (const char* name : {"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST"}) {
      if (const auto list = environment(name); list && !list->empty()) return first_machine(*list);
    }
  }
  throw RequestError(concat(launch.size,
                            " processes are on several machines, and the environment variable "
                            "MASTER_ADDR, the machine of the first, is not set; set it, and MASTER_PORT"));
}

}  // namespace

std::optional<std::string> environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::string first_machine(const std::string& list) {
  const size_t comma = list.find(','), bracket = list.find('[');
  if (bracket == std::string::npos || comma < bracket) return list.substr(0, comma);
  const size_t end = list.find_first_of("-,]", bracket);
  const size_t close = list.find(']', bracket);
  if (end == std::string::npos || close == std::string::npos) return list;
  const size_t after = list.find(',', close);
  const std::string ending = list.substr(close + 1, after == std::string::npos ? after : after - close - 1);
  return concat(list.substr(0, bracket), list.substr(bracket + 1, end - bracket - 1), ending);
}

Launch launch_from(const Environment& environment) {
  Launch launch;
  bool is_slurm = false;
  if (numbers_of(environment, kTorchrun, launch)) {
    launch.has_agent = environment("TORCHELASTIC_USE_AGENT_STORE").value_or("") == "True";
    launch.attempt = concat(environment("TORCHELASTIC_RUN_ID").value_or(""), ".",
                            environment("TORCHELASTIC_RESTART_COUNT").value_or("0"));
  } else if (!numbers_of(environment, kOpenMpi, launch) && !numbers_of(environment, kPmi, launch)) {
    is_slurm = numbers_of(environment, kSlurm, launch);
    if (!is_slurm) return {};
  }
  launch.address = meeting_place(environment, launch, is_slurm);
  if (const auto port = number(environment, "MASTER_PORT", 1, 65535)) {
    launch.port = static_cast<uint16_t>(*port);
  } else if (is_slurm) {  // of jobs that share a machine each has its own
    launch.port = static_cast<uint16_t>(
        20000 + number(environment, "SLURM_JOB_ID", 0, std::int64_t{1} << 40).value_or(0) % 20000);
  }
  return launch;
}

}  // namespace pixnerd::dist
