// The arithmetic a network runs in. bfloat16 is mixed precision: products in bfloat16, statistics and x in float32.
// int8, for inference on a CPU, is bfloat16 with the products of most linear layers in 8 bits (int8_layers.h).
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <span>
#include <utility>

namespace pixnerd::models {

enum class Precision { float32, bfloat16, int8 };
std::span<const std::pair<const char*, Precision>> enum_names(Precision);

// The type in which Network::prepare_for_inference keeps matrices; kChar for int8.
at::ScalarType weight_type(Precision precision);

const char* name_of(Precision precision);

// What the calling thread's innermost PrecisionScope on that device says; float32 outside of any.
Precision current_precision(const at::Device& device);

// RequestError that says what to use instead unless int8 can be computed on that device: an x86 CPU with AVX2.
void require_int8(const at::Device& device);

// The arithmetic asked for, or the next one that this device multiplies in at full speed: bfloat16 for int8, float32
// for either on a CPU that has neither.
Precision available_precision(Precision wanted, const at::Device& device);

// RAII: the calling thread's operations on `device` run in `precision` (autocast); in bfloat16 for int8, whose linear
// layers bring their own arithmetic. Scopes nest; the end of the outermost one empties the cache of cast weights.
class PrecisionScope {
 public:
  PrecisionScope(Precision precision, const at::Device& device);
  ~PrecisionScope();
  PrecisionScope(const PrecisionScope&) = delete;
  PrecisionScope& operator=(const PrecisionScope&) = delete;

 private:
  at::DeviceType device_;
  bool was_enabled_;
  at::ScalarType previous_type_;
  bool was_int8_;
};

}  // namespace pixnerd::models
