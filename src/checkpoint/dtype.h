// Types of a tensor's elements, as files know them.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace pixnerd::checkpoint {

// In the order in which Python's safetensors lays tensors out: widest first, so that every tensor is aligned.
enum class DType { I64, F64, F32, I32, BF16, F16, I16, I8, U8, BOOL };
inline constexpr DType kAllDTypes[] = {DType::I64, DType::F64, DType::F32, DType::I32, DType::BF16,
                                       DType::F16, DType::I16, DType::I8,  DType::U8,  DType::BOOL};

size_t bytes_of(DType dtype);      // of one element
const char* name_of(DType dtype);  // as in safetensors files: "F32"
bool is_floating(DType dtype);

std::optional<DType> dtype_named(std::string_view name);  // the inverse of name_of

}  // namespace pixnerd::checkpoint
