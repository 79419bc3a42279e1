#include "models/precision.h"

#include <ATen/autocast_mode.h>

#include "core/errors.h"
#include "nn/packed_weight.h"

namespace pixnerd::models {
namespace {

// Of the innermost scope; autocast, which knows bfloat16 alone, keeps the rest.
thread_local bool is_int8 = false;

}  // namespace

std::span<const std::pair<const char*, Precision>> enum_names(Precision) {
  static constexpr std::array<std::pair<const char*, Precision>, 3> kNames{
      {{"float32", Precision::float32}, {"bfloat16", Precision::bfloat16}, {"int8", Precision::int8}}};
  return kNames;
}

const char* name_of(Precision precision) {
  for (const auto& [name, value] : enum_names(precision)) {
    if (value == precision) return name;
  }
  return "";
}

at::ScalarType weight_type(Precision precision) {
  if (precision == Precision::int8) return at::kChar;
  return precision == Precision::bfloat16 ? at::kBFloat16 : at::kFloat;
}

Precision available_precision(Precision wanted, const at::Device& device) {
  if (wanted == Precision::int8 && !(device.is_cpu() && nn::has_packed_products(at::kChar)))
    wanted = Precision::bfloat16;
  if (wanted == Precision::bfloat16 && device.is_cpu() && !nn::has_packed_products(at::kBFloat16))
    return Precision::float32;
  return wanted;
}

void require_int8(const at::Device& device) {
  if (!device.is_cpu()) throw RequestError("int8 is computed on a CPU only; use --device cpu, or --dtype bfloat16");
  if (!nn::has_packed_products(at::kChar)) {
    throw RequestError(
        "int8 needs an x86 processor with AVX2, and kernels that PIXNERD_ISA has not switched off; "
        "use --dtype bfloat16 or float32");
  }
}

Precision current_precision(const at::Device& device) {
  if (!at::autocast::is_autocast_enabled(device.type())) return Precision::float32;
  return is_int8 ? Precision::int8 : Precision::bfloat16;
}

PrecisionScope::PrecisionScope(Precision precision, const at::Device& device)
    : device_(device.type()),
      was_enabled_(at::autocast::is_autocast_enabled(device_)),
      previous_type_(at::autocast::get_autocast_dtype(device_)),
      was_int8_(is_int8) {
  is_int8 = precision == Precision::int8;
  at::autocast::set_autocast_enabled(device_, precision != Precision::float32);
  at::autocast::set_autocast_dtype(device_, at::kBFloat16);
  at::autocast::increment_nesting();
}

PrecisionScope::~PrecisionScope() {
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, was_enabled_);
  at::autocast::set_autocast_dtype(device_, previous_type_);
  is_int8 = was_int8_;
}

}  // namespace pixnerd::models
