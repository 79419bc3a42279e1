// Memory that the processes of one machine share: what each writes, all can read. Messages through a socket cost two
// copies in the kernel, and the processor's time with them; where processors do the computing as well, that is dear.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dist/group.h"

namespace pixnerd::dist {

class SharedMemory {
 public:
  // Collective. A region of so many float32 values for each rank; null on all where the processes are on several
  // machines, or where the system does not let them share. Nothing is left behind, whoever is killed.
  static std::unique_ptr<SharedMemory> open(const Group& group, int64_t values);

  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  float* values(int64_t rank) const { return regions_[static_cast<size_t>(rank)].values; }

  // This rank has come to its next point: everything that it wrote before can be read by whoever has seen that.
  void arrive();

  // Waits until all ranks have come as far as this one. PeerError.
  void wait_for_all() const;

 private:
  struct Region {
    void* mapping = nullptr;
    size_t bytes = 0;
    std::atomic<uint64_t>* points = nullptr;  // that the region's owner has come to
    float* values = nullptr;
  };

  explicit SharedMemory(const Group& group) : group_(group) {}
  bool map(int64_t rank, int64_t process, int64_t descriptor, size_t bytes);

  const Group& group_;
  std::vector<Region> regions_;
};

}  // namespace pixnerd::dist
