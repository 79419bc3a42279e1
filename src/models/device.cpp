#include "models/device.h"

#include <ATen/Context.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <optional>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::models {
namespace {

std::optional<c10::Device> parsed(const std::string& name) {
  try {
    const c10::Device device(name);
    if (device.is_cuda() || (device.is_cpu() && !device.has_index())) return device;
  } catch (const c10::Error&) {
  }
  return std::nullopt;
}

}  // namespace

bool is_device_name(const std::string& name) {
  return name == "auto" || parsed(name).has_value();
}

c10::Device device_of(const std::string& name) {
  const int gpus = at::hasCUDA() ? c10::impl::VirtualGuardImpl(at::kCUDA).deviceCount() : 0;
  std::optional<c10::Device> device = parsed(name);
  if (name == "auto") device = gpus > 0 ? at::kCUDA : at::kCPU;
  if (!device) throw RequestError(concat("there is no device ", quoted(name), "; use cpu, cuda or cuda:N"));
  if (device->is_cpu()) return *device;
  if (gpus == 0) {
    throw RequestError(concat("--device ", name,
                              ": no GPU can be used here (none is present, or this LibTorch is built without CUDA); "
                              "use --device cpu"));
  }
  if (device->has_index() && device->index() >= gpus) {
    throw RequestError(concat("--device ", name, ": the machine's GPUs are cuda:0 to cuda:", gpus - 1));
  }
  at::globalContext().setAllowTF32CuBLAS(false);
  at::globalContext().setAllowTF32CuDNN(false);
  return *device;
}

void synchronize(const c10::Device& device) {
  if (device.is_cpu()) return;
  const c10::impl::VirtualGuardImpl guard(device.type());
  guard.synchronizeDevice(device.has_index() ? device.index() : guard.getDevice().index());
}

}  // namespace pixnerd::models
