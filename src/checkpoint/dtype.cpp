#include "checkpoint/dtype.h"

#include <iterator>

namespace pixnerd::checkpoint {

size_t bytes_of(DType dtype) {
  switch (dtype) {
    case DType::I64:
    case DType::F64:
      return 8;
    case DType::F32:
    case DType::I32:
      return 4;
    case DType::BF16:
    case DType::F16:
    case DType::I16:
      return 2;
    case DType::I8:
    case DType::U8:
    case DType::BOOL:
      break;
  }
  return 1;
}

const char* name_of(DType dtype) {
  static constexpr const char* kNames[] = {"I64", "F64", "F32", "I32", "BF16", "F16", "I16", "I8", "U8", "BOOL"};
  static_assert(std::size(kNames) == std::size(kAllDTypes));
  return kNames[static_cast<size_t>(dtype)];
}

bool is_floating(DType dtype) {
  return dtype == DType::F64 || dtype == DType::F32 || dtype == DType::BF16 || dtype == DType::F16;
}

std::optional<DType> dtype_named(std::string_view name) {
  for (const DType dtype : kAllDTypes) {
    if (name == name_of(dtype)) return dtype;
  }
  return std::nullopt;
}

}  // namespace pixnerd::checkpoint
