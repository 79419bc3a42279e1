// What a group is made of, for the files of this room.
#pragma once

#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include <atomic>
#include <chrono>
#include <memory>

#include "dist/group.h"
#include "dist/watch.h"

namespace pixnerd::dist {

struct Group::Connection {
  Launch launch;
  at::Device device = at::kCPU;
  c10::intrusive_ptr<c10d::ProcessGroup> processes;
  std::unique_ptr<Watch> watch;
  bool has_finished = false;
  std::atomic<double> waited = 0;

  ~Connection();
};

// Waits for a message, counts the time, and explains what goes wrong.
void wait_for(const Group& group, const c10::intrusive_ptr<c10d::Work>& work);

// The backends for tensors of this device, and of the CPU in any case. RequestError where this LibTorch has none.
c10::intrusive_ptr<c10d::ProcessGroup> connect(const Launch& launch, const at::Device& device,
                                               const c10::intrusive_ptr<c10d::Store>& store);

}  // namespace pixnerd::dist
