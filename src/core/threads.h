// How many threads this process can run at once.
#pragma once

#include <string_view>

namespace pixnerd {

// The processors this process may use: its affinity mask, cut by the CPU quota of its control group; at least 1.
int hardware_threads();

// The processors that a cgroup v2 `cpu.max` ("200000 100000", "max 100000") grants, rounded up; 0 for no limit.
int processors_of_quota(std::string_view cpu_max);

}  // namespace pixnerd
