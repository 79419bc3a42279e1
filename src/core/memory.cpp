#include "core/memory.h"

#include <malloc.h>
#include <stdlib.h>  // setenv
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
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

// The number in a file; nothing where there is none, or "max".
std::optional<uint64_t> number_in(const std::filesystem::path& file) {
  std::ifstream in(file);
  uint64_t bytes = 0;
  return in >> bytes ? std::optional(bytes) : std::nullopt;
}

// The number behind `key` in a file of lines "key number"; 0 where there is none.
uint64_t number_of(const std::filesystem::path& file, const std::string& key) {
  std::ifstream in(file);
  uint64_t number = 0;
  for (std::string name; in >> name >> number;) {
    if (name == key) return number;
  }
  return 0;
}

// What `ulimit -v` leaves; nothing without a limit.
std::optional<uint64_t> left_of_address_space() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return limit.rlim_cur - std::min<uint64_t>(limit.rlim_cur, kilobytes_of("/proc/self/status", "VmSize"));
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
  return std::min(
      {machine, left_by_control_group("/sys/fs/cgroup").value_or(machine), left_of_address_space().value_or(machine)});
}

std::optional<uint64_t> left_by_control_group(const std::filesystem::path& folder) {
  const auto limit = number_in(folder / "memory.max"), used = number_in(folder / "memory.current");
  if (!limit || !used) return std::nullopt;
  const uint64_t cached = std::min(*used, number_of(folder / "memory.stat", "inactive_file"));
  return *limit - std::min(*limit, *used - cached);
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
