#include "models/precision.h"

#include <ATen/autocast_mode.h>

namespace pixnerd::models {

std::span<const std::pair<const char*, Precision>> enum_names(Precision) {
  static constexpr std::array<std::pair<const char*, Precision>, 2> kNames{
      {{"float32", Precision::float32}, {"bfloat16", Precision::bfloat16}}};
  return kNames;
}

at::ScalarType weight_type(Precision precision) {
  return precision == Precision::bfloat16 ? at::kBFloat16 : at::kFloat;
}

Precision current_precision(const at::Device& device) {
  return at::autocast::is_autocast_enabled(device.type()) ? Precision::bfloat16 : Precision::float32;
}

PrecisionScope::PrecisionScope(Precision precision, const at::Device& device)
    : device_(device.type()),
      was_enabled_(at::autocast::is_autocast_enabled(device_)),
      previous_type_(at::autocast::get_autocast_dtype(device_)) {
  at::autocast::set_autocast_enabled(device_, precision == Precision::bfloat16);
  at::autocast::set_autocast_dtype(device_, at::kBFloat16);
  at::autocast::increment_nesting();
}

PrecisionScope::~PrecisionScope() {
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, was_enabled_);
  at::autocast::set_autocast_dtype(device_, previous_type_);
}

}  // namespace pixnerd::models
