// Which instruction set multiplies (product.h), and the call of its function. To be included before any header of
// Highway.
#pragma once

#include <type_traits>

#include "kernels/product.h"
#include "kernels/targets.h"

// True while a file is compiled for a set that has products of its own.
#define PIXNERD_HAS_PRODUCTS (HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2)

namespace pixnerd::kernels {

// AVX-512 without AVX512_BF16 has its own for float32 alone, and does the rest as AVX2 does.
template <class T>
constexpr Isa multiplying_set(Isa isa) {
  constexpr bool kHasAvx2 = (HWY_TARGETS & HWY_AVX2) != 0;
  if (isa == Isa::avx512bf16 || (isa == Isa::avx512 && std::is_same_v<T, float>)) return isa;
  return kHasAvx2 && (isa == Isa::avx512 || isa == Isa::avx2) ? Isa::avx2 : Isa::reference;
}

}  // namespace pixnerd::kernels

// Calls function(arguments) of the set that multiplies in T for `isa`.
#define PIXNERD_CALL_PRODUCT(T, isa, ...) \
  switch (multiplying_set<T>(isa)) {      \
    PIXNERD_CASE_AVX512(__VA_ARGS__)      \
    PIXNERD_CASE_AVX2(__VA_ARGS__)        \
    default:                              \
      return reference::__VA_ARGS__;      \
  }
