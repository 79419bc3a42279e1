// The product of a linear layer, y = x W^T + b, with a weight that lies beforehand as the registers take it. M rows of
// x [M, in], W [out, in]. Three arithmetics: float32; bfloat16 with sums in float32; whole numbers of 8 bits with sums
// in 32, which are exact. What a row becomes depends on the row and the weight alone.
//
// The packed weight is the same for every instruction set: strips of kStripOutputs outputs, one after the other, zeros
// where there are no more of them. A strip has, for each kUnit<T> inputs (zeros beyond the last), those of its outputs
// side by side: [strips][in / kUnit<T>, rounded up][kStripOutputs][kUnit<T>].
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/bfloat16.h"
#include "kernels/isa.h"
#include "kernels/range.h"

namespace pixnerd::kernels {

constexpr int64_t kStripOutputs = 32;
constexpr int64_t kProductRows = 64;  // a part of a product is best so many rows, or a multiple

// How many inputs lie side by side: as many as fill four bytes. T is float, BFloat16 or int8_t.
template <class T>
constexpr int64_t kUnit = 4 / static_cast<int64_t>(sizeof(T));

struct WeightShape {
  int64_t in = 0, out = 0;

  int64_t strips() const { return (out + kStripOutputs - 1) / kStripOutputs; }
  template <class T>
  int64_t units() const {
    return (in + kUnit<T> - 1) / kUnit<T>;
  }
  template <class T>
  int64_t packed_size() const {  // values
    return strips() * units<T>() * kStripOutputs * kUnit<T>;
  }
};

// w [out, in] -> packed; `strips` of it. W is T, or float that is rounded to bfloat16.
template <class T, class W>
void pack_weight(const WeightShape& shape, const W* w, T* packed, Range strips, Isa isa = chosen_isa());

// The same of a weight that lies transposed, w [in, out]. T is float or BFloat16.
template <class T, class W>
void pack_transposed(const WeightShape& shape, const W* w, T* packed, Range strips, Isa isa = chosen_isa());

// Whether the fast kernels below are there: on avx2, avx512 and avx512bf16. Of these, avx512bf16 has instructions for
// bfloat16 and 8 bits; the others multiply bfloat16 as float32 and 8 bits as pairs of 16, which are as exact. Elsewhere
// products run by the plain loops.
template <class T>
bool has_product(Isa isa = chosen_isa());

// T float or BFloat16.
template <class T>
struct Product {
  const T* x = nullptr;         // [M, in]
  const T* weight = nullptr;    // packed
  const float* bias = nullptr;  // [out] or null, which is 0
  T* y = nullptr;               // [M, out]
};

// The outputs of `strips`.
template <class T>
void product(const WeightShape& shape, int64_t rows, const Product<T>& of, Range strips, Isa isa = chosen_isa());

// The gradient of a weight, dW = g^T x, float32 from bfloat16, too. g [M, out] and x [M, in] are packed as if they were
// weights of `rows` = M inputs that lie transposed: by pack_transposed, of {M, out} and {M, in}.
template <class T>
struct WeightGradient {
  const T* grad_y = nullptr;
  const T* x = nullptr;
  float* grad_weight = nullptr;  // [out, in]
  bool is_added = false;         // to what is there
};

// The rows of dW that belong to `strips` of outputs.
template <class T>
void weight_gradient(const WeightShape& shape, int64_t rows, const WeightGradient<T>& of, Range strips,
                     Isa isa = chosen_isa());

// y_ij = row_scale_i output_scale_j sum_k (q_ik - 128) w_jk + bias_j, rounded to bfloat16.
struct ProductInt8 {
  const uint8_t* q = nullptr;            // [M, in], counted from 128 (quantise.h)
  const int8_t* weight = nullptr;        // packed
  const int32_t* sums = nullptr;         // [out]: sum_k w_jk
  const float* output_scales = nullptr;  // [out]
  const float* row_scales = nullptr;     // [M] or null, which is 1
  const float* bias = nullptr;           // [out] or null, which is 0
  BFloat16* y = nullptr;                 // [M, out]
};

void product_int8(const WeightShape& shape, int64_t rows, const ProductInt8& of, Range strips, Isa isa = chosen_isa());

}  // namespace pixnerd::kernels
