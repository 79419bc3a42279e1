#include "core/memory.h"

#include <malloc.h>
#include <stdlib.h>  // setenv

#include <fstream>
#include <string>

namespace pixnerd {
namespace {

// A line "VmHWM:     1234 kB" of /proc/self/status, in bytes.
uint64_t status_bytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(key + ":", 0) == 0) return std::stoull(line.substr(key.size() + 1)) * 1024;
  }
  return 0;
}

}  // namespace

uint64_t resident_bytes() {
  return status_bytes("VmRSS");
}

uint64_t peak_resident_bytes() {
  return status_bytes("VmHWM");
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
