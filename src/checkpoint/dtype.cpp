#include "checkpoint/dtype.h"

#include <algorithm>
#include <iterator>

namespace pixnerd::checkpoint {
namespace {

struct Facts {
  const char* name;
  uint8_t bits;
};

constexpr Facts kFacts[] = {
    {"U64", 64},        {"I64", 64},    {"F64", 64},    {"C64", 64},     {"F32", 32},         {"U32", 32},
    {"I32", 32},        {"BF16", 16},   {"F16", 16},    {"U16", 16},     {"I16", 16},         {"F8_E5M2FNUZ", 8},
    {"F8_E4M3FNUZ", 8}, {"F8_E8M0", 8}, {"F8_E4M3", 8}, {"F8_E5M2", 8},  {"I8", 8},           {"U8", 8},
    {"F6_E3M2", 6},     {"F6_E2M3", 6}, {"F4", 4},      {"BOOL", 8},     {"complex128", 128}, {"complex32", 32},
    {"qint32", 32},     {"qint8", 8},   {"quint8", 8},  {"quint4x2", 4}, {"quint2x4", 2},     {"float4_e2m1fn_x2", 8},
    {"bits16", 16},     {"bits8", 8},   {"bits4x2", 8}, {"bits2x4", 8},  {"bits1x8", 8},
};
static_assert(std::size(kFacts) == kDTypes && static_cast<size_t>(DType::bits1x8) + 1 == kDTypes);

const Facts& facts_of(DType dtype) {
  return kFacts[static_cast<size_t>(dtype)];
}

}  // namespace

uint64_t bits_of(DType dtype) {
  return facts_of(dtype).bits;
}

uint64_t bytes_of(uint64_t elements, DType dtype) {
  const uint64_t bits = bits_of(dtype);
  return bits >= 8 ? elements * (bits / 8) : elements / 8 * bits + (elements % 8 * bits + 7) / 8;
}

size_t bytes_of(DType dtype) {
  return std::max<size_t>(bits_of(dtype) / 8, 1);
}

const char* name_of(DType dtype) {
  return facts_of(dtype).name;
}

bool is_floating(DType dtype) {
  return dtype == DType::F64 || dtype == DType::F32 || dtype == DType::BF16 || dtype == DType::F16;
}

bool in_safetensors(DType dtype) {
  return dtype <= DType::BOOL;
}

std::optional<DType> dtype_named(std::string_view name) {
  for (size_t i = 0; i < kDTypes; ++i) {
    if (const DType dtype = dtype_numbered(i); in_safetensors(dtype) && name == name_of(dtype)) return dtype;
  }
  return std::nullopt;
}

}  // namespace pixnerd::checkpoint
