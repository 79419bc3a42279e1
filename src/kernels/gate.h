// The gated residual of adaptive layer norm: y = x + gate * h.
// x, h, y [R, D]: R rows (tokens) of D channels; the gate belongs to a sample, which is a run of rows. All arithmetic
// is float32, whatever the storage type T (float or BFloat16).
#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"
#include "kernels/isa.h"
#include "kernels/range.h"

namespace pixnerd::kernels {

struct GateShape {
  int64_t width = 0;            // D
  int64_t rows_per_sample = 1;  // row i belongs to sample i / rows_per_sample
  int64_t gate_stride = 0;      // values from one sample's gate to the next one's
};

template <class T>
struct GateForward {
  const T* x = nullptr;     // [R, D]
  const T* gate = nullptr;  // [samples, D]
  const T* h = nullptr;     // [R, D]
  T* y = nullptr;           // [R, D]; may be x or h
};

template <class T>
void gate_forward(const GateShape& shape, const GateForward<T>& residual, Range rows, Isa isa = chosen_isa());

// The gradient by x is grad_y itself. grad_gate is added to; ranges that run at the same time need their own, but for
// samples that only one of them touches.
template <class T>
struct GateBackward {
  const T* gate = nullptr;     // [samples, D]
  const T* h = nullptr;        // [R, D]
  const T* grad_y = nullptr;   // [R, D]
  T* grad_h = nullptr;         // [R, D]; may be h
  float* grad_gate = nullptr;  // [samples, D], gate_stride apart
};

template <class T>
void gate_backward(const GateShape& shape, const GateBackward<T>& residual, Range rows, Isa isa = chosen_isa());

}  // namespace pixnerd::kernels
