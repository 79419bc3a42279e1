// Rows in 8 bits a value, each row with a scale of its own, as products of whole numbers take them:
//   x_ij = scale_i (q_ij - 128), scale_i = max_j |x_ij| / 127, q rounded to nearest, ties to even
// and the way back from such a product. T is the storage type, float or BFloat16; the arithmetic is float32.
#pragma once

#include <cstdint>

#include "kernels/activation.h"
#include "kernels/bfloat16.h"
#include "kernels/isa.h"
#include "kernels/range.h"
#include "kernels/rms_norm.h"

namespace pixnerd::kernels {

constexpr uint8_t kZeroPoint = 128;  // q of the value 0

template <class T>
struct QuantiseRows {
  const T* x = nullptr;     // [R, width]
  uint8_t* q = nullptr;     // [R, width]
  float* scales = nullptr;  // [R]; 0 for a row of zeros, not finite for a row with a value that is not
};

template <class T>
void quantise_rows(int64_t width, const QuantiseRows<T>& rounding, Range rows, Isa isa = chosen_isa());

// y_ij = scale_i x_ij + bias_j.
template <class T>
struct ScaleRows {
  const T* x = nullptr;           // [R, width]
  const float* scales = nullptr;  // [R]
  const float* bias = nullptr;    // [width] or null, which is 0
  T* y = nullptr;                 // [R, width]; may be x
};

template <class T>
void scale_rows(int64_t width, const ScaleRows<T>& scaling, Range rows, Isa isa = chosen_isa());

// silu(s_i a_ij) s_i b_ij in 8 bits, in one pass: what stands between two products of SwiGLU. a and b are [R, width] or
// the halves of one [R, 2 width].
template <class T>
struct QuantiseSwiGLU {
  const T* a = nullptr;
  const T* b = nullptr;
  const float* scales_ab = nullptr;  // s [R]
  uint8_t* q = nullptr;              // [R, width]
  float* scales = nullptr;           // [R]
};

template <class T>
void quantise_swiglu(const SwiGLUShape& shape, const QuantiseSwiGLU<T>& gate, Range rows, Isa isa = chosen_isa());

// The result of norm_forward() (rms_norm.h) in 8 bits, not rounded in between.
template <class T>
struct QuantiseNorm {
  const T* x = nullptr;           // [R, D]
  const float* weight = nullptr;  // [D]
  const T* scale = nullptr;       // [samples, D] or null
  const T* shift = nullptr;       // [samples, D] or null
  uint8_t* q = nullptr;           // [R, D]
  float* scales = nullptr;        // [R], of q
};

template <class T>
void quantise_norm(const NormShape& shape, const QuantiseNorm<T>& norm, Range rows, Isa isa = chosen_isa());

// The sums of rows of whole numbers: what a product of rows that count from 128 has too much (product.h).
struct SumRows {
  const int8_t* w = nullptr;  // [R, width]
  int32_t* sums = nullptr;    // [R]
};

void sum_rows(int64_t width, const SumRows& of, Range rows, Isa isa = chosen_isa());

}  // namespace pixnerd::kernels
