#include "core/threads.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace pixnerd {

int processors_of_quota(std::string_view cpu_max) {
  std::istringstream in{std::string(cpu_max)};
  int64_t quota = 0, period = 0;
  if (!(in >> quota >> period) || quota <= 0 || period <= 0) return 0;
  return static_cast<int>(std::min<int64_t>((quota - 1) / period + 1, 1 << 16));
}

int hardware_threads() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  int threads = static_cast<int>(std::thread::hardware_concurrency());
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) threads = CPU_COUNT(&allowed);

  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string cpu_max;
  std::getline(file, cpu_max);
  if (const int quota = processors_of_quota(cpu_max); quota > 0) threads = std::min(threads, quota);
  return std::max(threads, 1);
}

}  // namespace pixnerd
