// Types of a tensor's elements, as files know them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pixnerd::checkpoint {

// Those of safetensors files first, in the order in which Python's safetensors lays tensors out: widest first, so that
// every tensor is aligned. Most are only told by name and size: what pixnerd computes with are F32 and the like.
enum class DType : uint8_t {
  U64,
  I64,
  F64,
  C64,
  F32,
  U32,
  I32,
  BF16,
  F16,
  U16,
  I16,
  F8_E5M2FNUZ,
  F8_E4M3FNUZ,
  F8_E8M0,
  F8_E4M3,
  F8_E5M2,
  I8,
  U8,
  F6_E3M2,
  F6_E2M3,
  F4,
  BOOL,
  // PyTorch's alone.
  complex128,
  complex32,
  qint32,
  qint8,
  quint8,
  quint4x2,
  quint2x4,
  float4_x2,
  bits16,
  bits8,
  bits4x2,
  bits2x4,
  bits1x8,
};
inline constexpr size_t kDTypes = 35;
constexpr DType dtype_numbered(size_t number) {
  return static_cast<DType>(number);
}

uint64_t bits_of(DType dtype);                      // of one element: 2 and more
uint64_t bytes_of(uint64_t elements, DType dtype);  // that they fill, the last one perhaps in part
size_t bytes_of(DType dtype);                       // of one element: at least 1
const char* name_of(DType dtype);                   // as in safetensors files, "F32", or else PyTorch's: "qint8"
bool is_floating(DType dtype);                      // F64, F32, BF16 or F16: what converts into each other
bool in_safetensors(DType dtype);                   // whether the format has it

std::optional<DType> dtype_named(std::string_view name);  // the inverse of name_of, for those of safetensors files

}  // namespace pixnerd::checkpoint
