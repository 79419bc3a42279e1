// What stands between the two products of attention, and behind them: scores to weights, and rows divided by the sums
// of their weights. Arithmetic is float32.
#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"
#include "kernels/isa.h"
#include "kernels/range.h"

namespace pixnerd::kernels {

// weight_ij = e^(factor (score_ij - max_j score_ij)), factor > 0, and the inverse of each row's sum, which is not
// finite where a score of the row is not.
struct SoftmaxRows {
  const float* scores = nullptr;  // [R, width]
  BFloat16* weights = nullptr;    // [R, width]
  float* inverse_sums = nullptr;  // [R]
};

void softmax_rows(int64_t width, float factor, const SoftmaxRows& softmax, Range rows, Isa isa = chosen_isa());

// y_ij = factor_i x_ij.
struct MultiplyRows {
  const float* x = nullptr;        // [R, width]
  const float* factors = nullptr;  // [R]
  BFloat16* y = nullptr;           // [R, width], rows `stride` values apart
};

void multiply_rows(int64_t width, int64_t stride, const MultiplyRows& multiply, Range rows, Isa isa = chosen_isa());

}  // namespace pixnerd::kernels
