// What stands before and behind the neural field's blocks (field_block.h): pixels to their embedding, and the last
// block's result to pixels. T tokens (patches), N pixels of a patch, C channels, E field width. Called for one token
// after the other, between the blocks' calls for it, they leave u in the cache. All arithmetic is float32, whatever the
// storage type T (float or BFloat16).
#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"
#include "kernels/isa.h"
#include "kernels/range.h"

namespace pixnerd::kernels {

struct FieldEndShape {
  int64_t pixels = 0;     // N
  int64_t width = 0;      // E
  int64_t channels = 0;   // C
  bool normalise = true;  // whether RMSNorm, with kFieldNormEps, precedes the final linear layer
};

// u = pixels weight + table. The table is the coordinate code's share and the bias: the same for every token.
template <class T>
struct EmbedForward {
  const T* pixels = nullptr;      // [T, N, C]
  const float* weight = nullptr;  // [C, E]
  const float* table = nullptr;   // [N, E]
  T* u = nullptr;                 // [T, N, E]
};

template <class T>
void embed_forward(const FieldEndShape& shape, const EmbedForward<T>& embed, Range tokens, Isa isa = chosen_isa());

// The float gradients are added to: ranges that run at the same time need their own.
template <class T>
struct EmbedBackward {
  const T* pixels = nullptr;      // [T, N, C]
  const float* weight = nullptr;  // [C, E]
  const T* grad_u = nullptr;      // [T, N, E]
  T* grad_pixels = nullptr;       // [T, N, C]; null if not wanted
  float* grad_weight = nullptr;   // [C, E]
  float* grad_table = nullptr;    // [N, E]
};

template <class T>
void embed_backward(const FieldEndShape& shape, const EmbedBackward<T>& embed, Range tokens, Isa isa = chosen_isa());

// v = RMSNorm(u) weight^T + bias.
template <class T>
struct FinalForward {
  const T* u = nullptr;                // [T, N, E]
  const float* norm_weight = nullptr;  // [E]; not read if the shape does not normalise
  const float* weight = nullptr;       // [C, E]
  const float* bias = nullptr;         // [C]
  T* v = nullptr;                      // [T, N, C]
};

template <class T>
void final_forward(const FieldEndShape& shape, const FinalForward<T>& last, Range tokens, Isa isa = chosen_isa());

// The float gradients are added to: ranges that run at the same time need their own.
template <class T>
struct FinalBackward {
  const T* u = nullptr;                // [T, N, E]
  const float* norm_weight = nullptr;  // [E]
  const float* weight = nullptr;       // [C, E]
  const T* grad_v = nullptr;           // [T, N, C]
  T* grad_u = nullptr;                 // [T, N, E]
  float* grad_norm_weight = nullptr;   // [E]; untouched if the shape does not normalise
  float* grad_weight = nullptr;        // [C, E]
  float* grad_bias = nullptr;          // [C]
};

template <class T>
void final_backward(const FieldEndShape& shape, const FinalBackward<T>& last, Range tokens, Isa isa = chosen_isa());

}  // namespace pixnerd::kernels
