// The gate of SwiGLU: y = silu(a) * b with silu(x) = x / (1 + e^-x). All arithmetic is float32, whatever the storage
// type T (float or BFloat16).
#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"
#include "kernels/isa.h"
#include "kernels/range.h"

namespace pixnerd::kernels {

// a and b are [R, h] each, or the two halves of one [R, 2 h]; y is [R, h].
struct SwiGLUShape {
  int64_t width = 0;   // h
  int64_t stride = 0;  // values from one row of a, b and their gradients to the next
};

template <class T>
struct SwiGLUForward {
  const T* a = nullptr;
  const T* b = nullptr;
  T* y = nullptr;  // rows `width` apart; may be a or b if their stride is the same
};

template <class T>
void swiglu_forward(const SwiGLUShape& shape, const SwiGLUForward<T>& gate, Range rows, Isa isa = chosen_isa());

template <class T>
struct SwiGLUBackward {
  const T* a = nullptr;
  const T* b = nullptr;
  const T* grad_y = nullptr;
  T* grad_a = nullptr;  // may be a
  T* grad_b = nullptr;  // may be b
};

template <class T>
void swiglu_backward(const SwiGLUShape& shape, const SwiGLUBackward<T>& gate, Range rows, Isa isa = chosen_isa());

}  // namespace pixnerd::kernels
