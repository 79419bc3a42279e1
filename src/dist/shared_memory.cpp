#include "dist/shared_memory.h"

#include <ATen/ops/tensor.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>

#include "core/descriptor.h"
#include "core/text.h"
#include "dist/connection.h"

namespace pixnerd::dist {
namespace {

constexpr size_t kHeaderBytes = 4096;  // a page, of which the first word is the count of points

// Without a name in any folder: it goes with the last process that has it.
Descriptor anonymous_file(size_t bytes) {
  Descriptor file(memfd_create("pixnerd", MFD_CLOEXEC));
  if (file.get() >= 0 && ftruncate(file.get(), static_cast<off_t>(bytes)) != 0) return Descriptor(-1);
  return file;
}

}  // namespace

std::unique_ptr<SharedMemory> SharedMemory::open(const Group& group, int64_t values) {
  const Launch& launch = group.connection()->launch;
  const bool is_one_machine = launch.local_size == launch.size;
  const size_t bytes = kHeaderBytes + static_cast<size_t>(values) * sizeof(float);
  const Descriptor own = is_one_machine ? anonymous_file(bytes) : Descriptor(-1);
  const at::Tensor all =
      group.gather(at::tensor({static_cast<int64_t>(getpid()), static_cast<int64_t>(own.get())}, at::kLong));
  std::unique_ptr<SharedMemory> memory(new SharedMemory(group));
  bool is_open = own.get() >= 0;
  for (int64_t rank = 0; is_open && rank < group.size(); ++rank) {
    is_open = memory->map(rank, all[rank][0].item<int64_t>(), all[rank][1].item<int64_t>(), bytes);
  }
  if (group.any(!is_open)) return nullptr;  // all have opened what they could: descriptors may be closed
  return memory;
}

bool SharedMemory::map(int64_t rank, int64_t process, int64_t descriptor, size_t bytes) {
  if (descriptor < 0) return false;
  const std::string path = concat("/proc/", process, "/fd/", descriptor);
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (file.get() < 0 || lseek(file.get(), 0, SEEK_END) != static_cast<off_t>(bytes)) return false;
  const int protection = rank == group_.rank() ? PROT_READ | PROT_WRITE : PROT_READ;
  void* const mapping = mmap(nullptr, bytes, protection, MAP_SHARED, file.get(), 0);
  if (mapping == MAP_FAILED) return false;
  auto* const begin = static_cast<std::byte*>(mapping);
  regions_.push_back({mapping, bytes, reinterpret_cast<std::atomic<uint64_t>*>(begin),
                      reinterpret_cast<float*>(begin + kHeaderBytes)});
  return true;
}

SharedMemory::~SharedMemory() {
  for (const Region& region : regions_) munmap(region.mapping, region.bytes);
}

void SharedMemory::arrive() {
  regions_[static_cast<size_t>(group_.rank())].points->fetch_add(1, std::memory_order_release);
}

void SharedMemory::wait_for_all() const {
  using Clock = std::chrono::steady_clock;
  constexpr int kSpins = 2000;  // a few microseconds; then others may need the processor
  constexpr std::chrono::microseconds kNap{50};
  const Clock::time_point began = Clock::now();
  const uint64_t point = regions_[static_cast<size_t>(group_.rank())].points->load(std::memory_order_relaxed);
  for (const Region& region : regions_) {
    for (int spins = 0; region.points->load(std::memory_order_acquire) < point; ++spins) {
      if (spins < kSpins) continue;
      group_.check();
      std::this_thread::sleep_for(kNap);
    }
  }
  group_.add_wait(std::chrono::duration<double>(Clock::now() - began).count());
}

}  // namespace pixnerd::dist
