// The instruction sets that Highway compiles the kernels for, and the call of the one that is asked for. To be included
// before any header of Highway.
#pragma once

// What is left besides these: AVX2 and AVX-512 (AVX3) on x86, NEON on Arm, and the compiler's own baseline.
#define HWY_DISABLED_TARGETS                                                                                   \
  (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV | HWY_PPC8 | \
   HWY_WASM | HWY_WASM_EMU256)

#include <hwy/detect_targets.h>

#include <type_traits>

#include "kernels/isa.h"

// True while a file is compiled for a set that has vectors: the body of a kernel is left out for the others.
#define PIXNERD_HAS_VECTORS (HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128)

#if HWY_TARGETS & HWY_AVX3
#define PIXNERD_CASE_AVX512(...) \
  case Isa::avx512bf16:          \
  case Isa::avx512:              \
    return N_AVX3::__VA_ARGS__;
// The same of kernels that have a function of their own for pairs of bfloat16 (pairs-inl.h).
#define PIXNERD_CASE_PAIRS(...) \
  case Isa::avx512bf16:         \
    return N_AVX3::__VA_ARGS__;
#else
#define PIXNERD_CASE_AVX512(...)
#define PIXNERD_CASE_PAIRS(...)
#endif
#if HWY_TARGETS & HWY_AVX2
#define PIXNERD_CASE_AVX2(...) \
  case Isa::avx2:              \
    return N_AVX2::__VA_ARGS__;
#else
#define PIXNERD_CASE_AVX2(...)
#endif
#if HWY_TARGETS & HWY_NEON
#define PIXNERD_CASE_NEON(...) \
  case Isa::neon:              \
    return N_NEON::__VA_ARGS__;
#else
#define PIXNERD_CASE_NEON(...)
#endif

// Calls function(arguments) of the namespace of `isa` inside pixnerd::kernels; a set that is not there, which
// available_isas() never names, falls back to the reference.
#define PIXNERD_CALL_FOR(isa, ...)   \
  switch (isa) {                     \
    PIXNERD_CASE_AVX512(__VA_ARGS__) \
    PIXNERD_CASE_AVX2(__VA_ARGS__)   \
    PIXNERD_CASE_NEON(__VA_ARGS__)   \
    default:                         \
      return reference::__VA_ARGS__; \
  }

// Defines a kernel that its header declares for both storage types, from a template of the same name that each
// instruction set's namespace and the reference have, without the last argument:
//   template <class T> void kernel(Shape shape, const Arguments<T>& arguments, Range range, Isa isa);
#define PIXNERD_EXPORT(kernel, Shape, Arguments)                                  \
  template <class T>                                                              \
  void kernel(Shape shape, const Arguments<T>& arguments, Range range, Isa isa) { \
    PIXNERD_CALL_FOR(isa, kernel(shape, arguments, range))                        \
  }                                                                               \
  template void kernel(Shape, const Arguments<float>&, Range, Isa);               \
  template void kernel(Shape, const Arguments<BFloat16>&, Range, Isa);

// The same of a kernel that has, for bfloat16 on avx512bf16, a function `kernel`_of_pairs of its own.
#define PIXNERD_EXPORT_WITH_PAIRS(kernel, Shape, Arguments)                       \
  template <class T>                                                              \
  void kernel(Shape shape, const Arguments<T>& arguments, Range range, Isa isa) { \
    if constexpr (std::is_same_v<T, BFloat16>) {                                  \
      switch (isa) {                                                              \
        PIXNERD_CASE_PAIRS(kernel##_of_pairs(shape, arguments, range))            \
        default:                                                                  \
          break;                                                                  \
      }                                                                           \
    }                                                                             \
    PIXNERD_CALL_FOR(isa, kernel(shape, arguments, range))                        \
  }                                                                               \
  template void kernel(Shape, const Arguments<float>&, Range, Isa);               \
  template void kernel(Shape, const Arguments<BFloat16>&, Range, Isa);
