// Sums over the rows of a matrix, sums_j = sum_i x_ij: the gradient of a linear layer's bias.
// x [R, D] in the storage type T (float or BFloat16), sums [D] in float32, of eight rows, then of 512, before they are
// added up, so that many rows lose little. A sum depends on nothing but its column.
#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"
#include "kernels/isa.h"
#include "kernels/range.h"

namespace pixnerd::kernels {

struct SumShape {
  int64_t rows = 0;   // R
  int64_t width = 0;  // D
};

template <class T>
struct ColumnSums {
  const T* x = nullptr;   // [R, D]
  float* sums = nullptr;  // [D]
};

template <class T>
void column_sums(const SumShape& shape, const ColumnSums<T>& of, Range columns, Isa isa = chosen_isa());

}  // namespace pixnerd::kernels
