#include "cli/processes.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <iostream>

#include "core/log.h"
#include "core/text.h"
#include "core/threads.h"
#include "dist/launch.h"

namespace pixnerd::cli {
namespace {

// Each its own GPU of the machine.
at::Device own_device(const ComputeFlags& flags, const dist::Launch& launch) {
  const at::Device device = device_of(flags);
  if (!device.is_cuda() || device.has_index() || launch.size == 1) return device;
  return {device.type(), static_cast<at::DeviceIndex>(launch.local_rank)};
}

void tell_warnings_alone(int64_t rank) {
  set_log_sink([rank](std::string_view line) {
    if (line.starts_with("warning: ")) std::cerr << concat("rank ", rank, ": ", line, "\n") << std::flush;
  });
}

}  // namespace

Processes start_processes(const ComputeFlags& flags) {
  const dist::Launch launch = dist::launch_from(dist::environment);
  const int64_t share = std::max<int64_t>(1, hardware_threads() / launch.local_size);
  at::set_num_threads(static_cast<int>(flags.threads > 0 ? flags.threads : share));
  const at::Device device = own_device(flags, launch);
  if (launch.rank > 0) tell_warnings_alone(launch.rank);
  return {dist::Group::join(launch, device), device};
}

}  // namespace pixnerd::cli
