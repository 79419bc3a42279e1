// A GPU for machines without one: a library to be preloaded into a program whose LibTorch is built without CUDA. It
// registers a device of the type `cuda`, so that `--device cuda` and everything behind it runs, with three properties
// of a real one: tensors know that they are on it, an operator that is given tensors of two devices fails, and memory
// of the device cannot be read by the host (its addresses are none of this process). What operators compute is copied
// to the CPU, computed there and copied back. What it cannot show: how a GPU rounds, how fast it is, and what happens
// because it computes asynchronously.
#include <ATen/DeviceAccelerator.h>
#include <ATen/EmptyTensor.h>
#include <ATen/NativeFunctions.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/Allocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

namespace pixnerd::pretend {
namespace {

constexpr c10::DeviceIndex kDevices = 2;
constexpr uintptr_t kOutOfReach = uintptr_t{1} << 52;

thread_local c10::DeviceIndex current = 0;

void* out_of_reach(void* host) {
  return host == nullptr ? host : reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(host) + kOutOfReach);
}

void* host_address(const void* of_device) {
  if (of_device == nullptr) return nullptr;
  return reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(of_device) - kOutOfReach);
}

class Memory final : public c10::Allocator {
 public:
  explicit Memory(c10::DeviceIndex index) : device_(c10::DeviceType::CUDA, index) {}

  c10::DataPtr allocate(size_t bytes) override {
    void* const host = bytes == 0 ? nullptr : std::malloc(bytes);
    TORCH_CHECK(bytes == 0 || host != nullptr, "CUDA out of memory");
    return {out_of_reach(host), host, &std::free, device_};
  }
  c10::DeleterFnPtr raw_deleter() const override { return nullptr; }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    std::memcpy(host_address(to), host_address(from), bytes);
  }

 private:
  c10::Device device_;
};

Memory& memory(c10::DeviceIndex index) {
  static std::array<Memory, kDevices> all{Memory(0), Memory(1)};
  return all.at(static_cast<size_t>(index));
}

c10::DeviceIndex index_of(std::optional<at::Device> device) {
  return device && device->has_index() ? device->index() : current;
}

at::Tensor empty(at::IntArrayRef size, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                 std::optional<at::Device> device, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(size, &memory(index_of(device)), c10::DispatchKeySet(c10::DispatchKey::CUDA),
                                   at::dtype_or_default(dtype), format);
}

at::Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride, std::optional<at::ScalarType> dtype,
                         std::optional<at::Layout>, std::optional<at::Device> device, std::optional<bool>) {
  return at::detail::empty_strided_generic(size, stride, &memory(index_of(device)),
                                           c10::DispatchKeySet(c10::DispatchKey::CUDA), at::dtype_or_default(dtype));
}

// The same elements as a tensor of the CPU.
at::Tensor host_view(const at::Tensor& x) {
  if (x.is_cpu()) return x;
  const at::TensorOptions options = at::TensorOptions(x.scalar_type()).device(at::kCPU);
  void* const start = host_address(x.unsafeGetTensorImpl()->data());
  at::Tensor view = at::from_blob(start, x.sizes(), x.strides(), options);
  return x.is_neg() ? view.neg() : view;
}

at::Tensor& copy(at::Tensor& self, const at::Tensor& source, bool) {
  host_view(self).copy_(host_view(source));
  return self;
}

const at::Tensor& resize(const at::Tensor& self, at::IntArrayRef size, std::optional<at::MemoryFormat> format) {
  at::Tensor fresh = at::empty(size, self.options(), format);
  const_cast<at::Tensor&>(self).unsafeGetTensorImpl()->set_storage_keep_dtype(fresh.storage());
  self.unsafeGetTensorImpl()->set_sizes_and_strides(fresh.sizes(), fresh.strides(), 0);
  return self;
}

at::Tensor copy_from_and_resize(const at::Tensor& self, const at::Tensor& to) {
  if (to.sizes() != self.sizes()) to.resize_(self.sizes());
  const_cast<at::Tensor&>(to).copy_(self);
  return to;
}

at::Scalar scalar(const at::Tensor& self) {
  return host_view(self).item();
}

// There for CUDA alone.
at::Tensor depthwise(const at::Tensor& x, const at::Tensor& weight, c10::SymIntArrayRef,
                     const std::optional<at::Tensor>& bias, c10::SymIntArrayRef stride, c10::SymIntArrayRef padding,
                     c10::SymIntArrayRef dilation) {
  const auto on_host = bias && bias->defined() ? std::make_optional(host_view(*bias)) : std::nullopt;
  return at::conv2d_symint(host_view(x), host_view(weight), on_host, stride, padding, dilation, x.size(1))
      .to(x.device());
}

// As a GPU: numbers may come from the CPU, tensors may not.
void require_one_device(const c10::OperatorHandle& op, const torch::jit::Stack& stack) {
  std::optional<at::Device> seen;
  const auto add = [&](const at::Tensor& tensor) {
    if (!tensor.defined() || (tensor.is_cpu() && tensor.dim() == 0)) return;
    TORCH_CHECK(!seen || *seen == tensor.device(), "Expected all tensors to be on the same device, but found ", *seen,
                " and ", tensor.device(), " in ", op.schema().name());
    seen = tensor.device();
  };
  for (const c10::IValue& value : torch::jit::last(stack, op.schema().arguments().size())) {
    if (value.isTensor()) add(value.toTensor());
    if (value.isTensorList()) {
      for (const at::Tensor& each : value.toTensorVector()) add(each);
    }
    if (!value.isOptionalTensorList()) continue;
    for (const std::optional<at::Tensor>& each : value.toOptionalTensorVector()) {
      if (each) add(*each);
    }
  }
}

// What the copying warns of is of no device.
struct Silence final : c10::WarningHandler {
  void process(const c10::Warning&) override {}
};

void compute(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  require_one_device(op, *stack);
  Silence silence;
  const c10::WarningUtils::WarningHandlerGuard guard(&silence);
  at::native::cpu_fallback(op, stack);
}

// One stream a device, which is never behind.
struct Guard final : c10::impl::DeviceGuardImplInterface {
  static constexpr c10::DeviceType static_type = c10::DeviceType::CUDA;

  Guard() = default;
  explicit Guard(c10::DeviceType) {}
  c10::DeviceType type() const override { return static_type; }
  c10::Device exchangeDevice(c10::Device device) const override {
    return {static_type, std::exchange(current, device.index())};
  }
  c10::Device getDevice() const override { return {static_type, current}; }
  void setDevice(c10::Device device) const override { current = device.index(); }
  void uncheckedSetDevice(c10::Device device) const noexcept override { current = device.index(); }
  c10::Stream getStream(c10::Device device) const override { return c10::Stream(c10::Stream::DEFAULT, device); }
  c10::Stream getDefaultStream(c10::Device device) const override { return getStream(device); }
  c10::Stream exchangeStream(c10::Stream stream) const override { return stream; }
  c10::DeviceIndex deviceCount() const noexcept override { return kDevices; }
  void destroyEvent(void*, const c10::DeviceIndex) const noexcept override {}
  void record(void**, const c10::Stream&, const c10::DeviceIndex, const c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  bool queryStream(const c10::Stream&) const override { return true; }
  void synchronizeStream(const c10::Stream&) const override {}
  void synchronizeEvent(void*) const override {}
  void synchronizeDevice(const c10::DeviceIndex) const override {}
  void recordDataPtrOnStream(const c10::DataPtr&, const c10::Stream&) const override {}
};

}  // namespace

struct CUDAHooks : at::CUDAHooksInterface {
  explicit CUDAHooks(at::CUDAHooksArgs) {}
  void init() const override {}
  bool hasCUDA() const override { return true; }
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  c10::DeviceIndex deviceCount() const override { return kDevices; }
  c10::DeviceIndex current_device() const override { return current; }
  c10::DeviceIndex getCurrentDevice() const override { return current; }
  int getNumGPUs() const override { return kDevices; }
};

}  // namespace pixnerd::pretend

namespace at {
using pixnerd::pretend::CUDAHooks;
REGISTER_CUDA_HOOKS(CUDAHooks);
}  // namespace at

// Takes the place of the framework's own, which knows when it is compiled what accelerator there will be.
namespace at::accelerator {
std::optional<c10::DeviceType> getAccelerator(bool) {
  return c10::DeviceType::CUDA;
}
}  // namespace at::accelerator

namespace pixnerd::pretend {
C10_REGISTER_GUARD_IMPL(CUDA, Guard);
}  // namespace pixnerd::pretend

TORCH_LIBRARY_IMPL(_, CUDA, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&pixnerd::pretend::compute>());
}

TORCH_LIBRARY_IMPL(aten, CUDA, m) {
  m.impl("empty.memory_format", &pixnerd::pretend::empty);
  m.impl("empty_strided", &pixnerd::pretend::empty_strided);
  m.impl("as_strided", &at::native::as_strided_tensorimpl);
  m.impl("view", &at::native::view);
  m.impl("_reshape_alias", &at::native::_reshape_alias);
  m.impl("unfold", &at::native::unfold);
  m.impl("view_as_real", &at::native::view_as_real);
  m.impl("view_as_complex", &at::native::view_as_complex);
  m.impl("resize_", &pixnerd::pretend::resize);
  m.impl("copy_", &pixnerd::pretend::copy);
  m.impl("_copy_from_and_resize", &pixnerd::pretend::copy_from_and_resize);
  m.impl("_local_scalar_dense", &pixnerd::pretend::scalar);
  m.impl("_conv_depthwise2d", &pixnerd::pretend::depthwise);
}
