// Rows turned by Hadamard's matrix H_n, H_ij = (-1)^popcount(i & j) / sqrt(n), which is its own inverse: a large value
// is spread over the n values around it, so that a scale for the whole row serves all of them (Ashkboos et al.,
// "QuaRot", 2024). A product of rows and weights turned alike is the product. T is the storage type, float or BFloat16.
#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"
#include "kernels/isa.h"
#include "kernels/range.h"

namespace pixnerd::kernels {

// n for rows of that width: the largest power of two that divides it. Each n values in a row are turned by themselves.
constexpr int64_t hadamard_size(int64_t width) {
  return width & -width;
}

template <class T>
struct TurnRows {
  const T* x = nullptr;  // [R, width]
  float* y = nullptr;    // [R, width]; not x
};

template <class T>
void turn_rows(int64_t width, const TurnRows<T>& turning, Range rows, Isa isa = chosen_isa());

}  // namespace pixnerd::kernels
