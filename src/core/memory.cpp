#include "core/memory.h"

#include <malloc.h>
#include <stdlib.h>  // setenv

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>

namespace pixnerd {
namespace {

// A line "VmHWM:     1234 kB" of a file such as /proc/self/status, in bytes.
uint64_t kilobytes_of(const char* file, const std::string& key) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(key + ":", 0) == 0) return std::stoull(line.substr(key.size() + 1)) * 1024;
  }
  return 0;
}

// The number in a file of the process's control group; nothing where there is none, or "max".
std::optional<uint64_t> of_control_group(const char* file) {
  std::ifstream in(std::string("/sys/fs/cgroup/") + file);
  uint64_t bytes = 0;
  return in >> bytes ? std::optional(bytes) : std::nullopt;
}

}  // namespace

uint64_t resident_bytes() {
  return kilobytes_of("/proc/self/status", "VmRSS");
}

uint64_t peak_resident_bytes() {
  return kilobytes_of("/proc/self/status", "VmHWM");
}

uint64_t available_bytes() {
  const uint64_t machine = kilobytes_of("/proc/meminfo", "MemAvailable");
  const auto limit = of_control_group("memory.max"), used = of_control_group("memory.current");
  if (!limit || !used) return machine;
  return std::min(machine, *limit - std::min(*limit, *used));
}

bool reset_peak_resident() {
  std::ofstream clear("/proc/self/clear_refs");
  clear << "5" << std::flush;
  return clear.good();
}

void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);         // large blocks come from the heap, not from mappings of their own
  mallopt(M_TRIM_THRESHOLD, -1);  // and the heap does not shrink
#endif
}

void use_huge_pages() {
  ::setenv("THP_MEM_ALLOC_ENABLE", "1", /*overwrite=*/0);
}

void release_freed_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace pixnerd
