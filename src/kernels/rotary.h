// RMSNorm over each head's channels, then rotary positions: what attention does to its queries and keys.
//   n = weight * x / sqrt(mean(x^2) + eps);  (y_2i, y_2i+1) = (n_2i cos - n_2i+1 sin, n_2i sin + n_2i+1 cos)
// with cos and sin of pair i at the token's position. B samples, L positions, H heads of d channels, d even. The heads
// may lie anywhere: inside qkv [B, L, 3, H, d], as [B, L, H, d] or as [B, H, L, d]. All arithmetic is float32, whatever
// the storage type T (float or BFloat16).
#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"
#include "kernels/isa.h"
#include "kernels/range.h"

namespace pixnerd::kernels {

// Values from one sample, position and head to the next; the d channels of a head are neighbours.
struct HeadStrides {
  int64_t sample = 0;
  int64_t position = 0;
  int64_t head = 0;
};

struct RotaryShape {
  int64_t positions = 0;  // L; token i is position i % L of sample i / L
  int64_t heads = 0;      // H
  int64_t width = 0;      // d
  HeadStrides x;          // of x and its gradient
  HeadStrides y;          // of y and its gradient
  float eps = 1e-6F;
};

template <class T>
struct RotaryForward {
  const T* x = nullptr;
  const float* weight = nullptr;  // [d]
  const float* table = nullptr;   // [L, d/2, 2]: cos, sin; null for no rotation
  T* y = nullptr;                 // may be x, with the same strides
};

template <class T>
void rotary_forward(const RotaryShape& shape, const RotaryForward<T>& rotary, Range tokens, Isa isa = chosen_isa());

template <class T>
struct RotaryBackward {
  const T* x = nullptr;
  const float* weight = nullptr;
  const float* table = nullptr;
  const T* grad_y = nullptr;
  T* grad_x = nullptr;           // may be grad_y, with the same strides
  float* grad_weight = nullptr;  // [d], added to: ranges that run at the same time need one each
};

template <class T>
void rotary_backward(const RotaryShape& shape, const RotaryBackward<T>& rotary, Range tokens, Isa isa = chosen_isa());

}  // namespace pixnerd::kernels
