#include "dist/connection.h"

#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#ifdef PIXNERD_HAS_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include "core/errors.h"

namespace pixnerd::dist {
namespace {

// Whoever is lost is known by the watch; a rank that draws pictures or reads a data set may let the others wait.
constexpr std::chrono::hours kPatience{24};

c10::intrusive_ptr<c10d::Backend> gloo(const Launch& launch, const c10::intrusive_ptr<c10d::Store>& store) {
  const auto options = c10d::ProcessGroupGloo::Options::create(kPatience);
  const auto interface = environment("GLOO_SOCKET_IFNAME");
  if (interface && !interface->empty()) {
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForInterface(*interface));
  } else if (launch.local_size == launch.size) {
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1"));
  } else {
    options->devices.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
  }
  return c10::make_intrusive<c10d::ProcessGroupGloo>(store, static_cast<int>(launch.rank),
                                                     static_cast<int>(launch.size), options);
}

#ifdef PIXNERD_HAS_NCCL
c10::intrusive_ptr<c10d::Backend> nccl(const Launch& launch, const c10::intrusive_ptr<c10d::Store>& store) {
  const auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = kPatience;
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, static_cast<int>(launch.rank),
                                                     static_cast<int>(launch.size), options);
}
#endif

}  // namespace

c10::intrusive_ptr<c10d::ProcessGroup> connect(const Launch& launch, const at::Device& device,
                                               const c10::intrusive_ptr<c10d::Store>& store) {
  auto processes =
      c10::make_intrusive<c10d::ProcessGroup>(store, static_cast<int>(launch.rank), static_cast<int>(launch.size));
  processes->setBackend(at::kCPU, c10d::ProcessGroup::BackendType::GLOO, gloo(launch, store));
  if (device.is_cpu()) return processes;
#ifdef PIXNERD_HAS_NCCL
  if (device.is_cuda()) {
    processes->setBackend(at::kCUDA, c10d::ProcessGroup::BackendType::NCCL, nccl(launch, store));
    return processes;
  }
#endif
  throw RequestError(
      "this program was built without NCCL, so that its processes cannot share GPUs' work; build it "
      "against a LibTorch with CUDA and NCCL's header, or use --device cpu");
}

// Messages that wait for a process which is lost end as its connections close. Until then the watch is awake, which
// ends the process if they do not.
Group::Connection::~Connection() {
  processes.reset();
  if (watch) watch->leave();
}

void wait_for(const Group& group, const c10::intrusive_ptr<c10d::Work>& work) {
  const auto began = std::chrono::steady_clock::now();
  try {
    work->wait();
  } catch (const std::exception& error) {
    group.explain(error);
  }
  group.add_wait(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
}

}  // namespace pixnerd::dist
