// The neural field's block: a small MLP on every pixel of a patch, whose weights the transformer predicts for each
// patch (paper, section 3).
//   y = u + silu(RMSNorm(u) V1) V2
// T tokens (patches), N pixels of a patch, E field width, H = r * E hidden width. For each token W1 [E, H] and then
// W2 [H, E], row-major, are its parameters; V = W with columns of unit length, W / max(|W|, 1e-12) with the norm along
// the first axis. The text-to-image network normalises W1 alone: V2 = W2.
//
// Any N, E and H will do; multiples of 16 are fast. Nothing larger than one token's work is kept: the backward pass
// computes the hidden values again. Arithmetic is float32, whatever the storage type T (float or BFloat16), but for
// bfloat16 on avx512bf16: there all products are of operands rounded to bfloat16.
#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"
#include "kernels/isa.h"
#include "kernels/range.h"

namespace pixnerd::kernels {

constexpr float kFieldNormEps = 1e-6F;        // of RMSNorm
constexpr float kFieldNormaliseEps = 1e-12F;  // of the columns' norms

struct FieldShape {
  int64_t pixels = 0;            // N
  int64_t width = 0;             // E
  int64_t hidden = 0;            // H
  bool normalise_second = true;  // false: W2 is used as predicted

  int64_t parameters() const { return 2 * width * hidden; }  // of one token
};

template <class T>
struct FieldForward {
  const T* u = nullptr;                // [T, N, E]
  const T* parameters = nullptr;       // [T, 2 E H]
  const float* norm_weight = nullptr;  // [E]
  T* y = nullptr;                      // [T, N, E]; may be u
};

template <class T>
void field_forward(const FieldShape& shape, const FieldForward<T>& field, Range tokens, Isa isa = chosen_isa());

template <class T>
struct FieldBackward {
  const T* u = nullptr;                // [T, N, E]
  const T* parameters = nullptr;       // [T, 2 E H]
  const float* norm_weight = nullptr;  // [E]
  const T* grad_y = nullptr;           // [T, N, E]
  T* grad_u = nullptr;                 // [T, N, E]; may be grad_y
  T* grad_parameters = nullptr;        // [T, 2 E H]; may be parameters
  float* grad_norm_weight = nullptr;   // [E], added to: ranges that run at the same time need one each
};

// As autograd has it, a column whose norm is below the eps passes its gradient divided by the eps.
template <class T>
void field_backward(const FieldShape& shape, const FieldBackward<T>& field, Range tokens, Isa isa = chosen_isa());

}  // namespace pixnerd::kernels
