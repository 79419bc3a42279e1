// RMSNorm over rows, with the modulation of adaptive layer norm.
//   y = weight * x / sqrt(mean(x^2) + eps) * (1 + scale) + shift
// x, y [R, D]: R rows (tokens) of D channels. scale and shift belong to a sample, which is a run of rows; where they
// are null they are 0. All arithmetic is float32, whatever the storage type T (float or BFloat16).
#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"
#include "kernels/isa.h"
#include "kernels/range.h"

namespace pixnerd::kernels {

struct NormShape {
  int64_t width = 0;              // D
  int64_t rows_per_sample = 1;    // row i belongs to sample i / rows_per_sample
  int64_t modulation_stride = 0;  // values from one sample's scale or shift to the next one's
  float eps = 1e-6F;
};

template <class T>
struct NormForward {
  const T* x = nullptr;           // [R, D]
  const float* weight = nullptr;  // [D]
  const T* scale = nullptr;       // [samples, D] or null
  const T* shift = nullptr;       // [samples, D] or null
  T* y = nullptr;                 // [R, D]; may be x
};

template <class T>
void norm_forward(const NormShape& shape, const NormForward<T>& norm, Range rows, Isa isa = chosen_isa());

// The float gradients are added to; ranges that run at the same time need their own, but for samples that only one of
// them touches.
template <class T>
struct NormBackward {
  const T* x = nullptr;           // [R, D]
  const float* weight = nullptr;  // [D]
  const T* scale = nullptr;       // [samples, D] or null
  const T* grad_y = nullptr;      // [R, D]
  T* grad_x = nullptr;            // [R, D]; may be grad_y
  float* grad_weight = nullptr;   // [D]
  float* grad_scale = nullptr;    // [samples, D], modulation_stride apart; null if not wanted
  float* grad_shift = nullptr;    // the same
};

template <class T>
void norm_backward(const NormShape& shape, const NormBackward<T>& norm, Range rows, Isa isa = chosen_isa());

}  // namespace pixnerd::kernels
