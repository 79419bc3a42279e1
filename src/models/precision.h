// The arithmetic a network runs in. bfloat16 is mixed precision: products in bfloat16, statistics and x in float32.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <span>
#include <utility>

namespace pixnerd::models {

enum class Precision { float32, bfloat16 };
std::span<const std::pair<const char*, Precision>> enum_names(Precision);

// The type in which Network::to keeps matrices for inference.
at::ScalarType weight_type(Precision precision);

// What the innermost scope on that device says; float32 outside of any.
Precision current_precision(const at::Device& device);

// While it lives, operations on `device` run in `precision` (autocast). Scopes nest; the cache of cast weights is
// emptied when the outermost one ends.
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
};

}  // namespace pixnerd::models
