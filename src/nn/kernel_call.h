// What the operations that call kernels (kernels/) share: which tensors have them, and tensors as pointers.
#pragma once

#include <ATen/autocast_mode.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <type_traits>

#include "kernels/bfloat16.h"
#include "kernels/isa.h"
#include "nn/share.h"

namespace pixnerd::nn {

// Whether x takes the paths that are for CPUs alone: kernels, oneDNN's products, what makes up for how the framework's
// operators are split among threads.
inline bool takes_cpu_paths(const at::Tensor& x) {
  return x.is_cpu() && !kernels::avoids_cpu_paths();
}

// Kernels are there for tensors on the CPU in float32 or bfloat16; elsewhere the same mathematics runs as a chain of
// the framework's operators.
inline bool has_kernels(const at::Tensor& x) {
  return takes_cpu_paths(x) && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

// The type that products with x run in: autocast's where it is on, else x's own.
inline at::ScalarType product_type(const at::Tensor& x) {
  const at::DeviceType device = x.device().type();
  return at::autocast::is_autocast_enabled(device) ? at::autocast::get_autocast_dtype(device) : x.scalar_type();
}

// Calls call(T()) with the storage type of x.
template <class Call>
auto with_storage_type(const at::Tensor& x, const Call& call) {
  return x.scalar_type() == at::kFloat ? call(float()) : call(kernels::BFloat16());
}

// nullptr where the tensor is not defined.
template <class T>
const T* read(const at::Tensor& tensor) {
  return tensor.defined() ? static_cast<const T*>(tensor.const_data_ptr()) : nullptr;
}

template <class T>
T* write(at::Tensor& tensor) {
  return tensor.defined() ? static_cast<T*>(tensor.mutable_data_ptr()) : nullptr;
}

// What a number that is read and written once costs, as share() takes it.
constexpr int64_t kWorkOfNumber = 16;

// Splits `count` rows of `width` such numbers among the threads; visit(begin, end).
template <class Visit>
void over_rows(int64_t count, int64_t width, const Visit& visit) {
  share(count, kWorkOfNumber * width, visit);
}

}  // namespace pixnerd::nn
