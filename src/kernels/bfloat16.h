// The 16-bit storage type of mixed precision: the upper half of a float32. Arithmetic on it happens in float32.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace pixnerd::kernels {

// Laid out as at::BFloat16, so that pointers to either may be exchanged.
struct BFloat16 {
  uint16_t bits = 0;

  BFloat16() = default;
  explicit BFloat16(float value) : bits(round(value)) {}
  explicit operator float() const { return std::bit_cast<float>(uint32_t{bits} << 16); }

 private:
  // To nearest, ties to even; NaN stays NaN.
  static uint16_t round(float value) {
    const auto wide = std::bit_cast<uint32_t>(value);
    if (std::isnan(value)) return static_cast<uint16_t>((wide >> 16) | 0x40);
    return static_cast<uint16_t>((wide + 0x7FFF + ((wide >> 16) & 1)) >> 16);
  }
};
static_assert(sizeof(BFloat16) == 2);

}  // namespace pixnerd::kernels
