// Attention: of each query, the mean of the values, weighed by the softmax of its products with the keys.
//   y_i = sum_j e^(q_i k_j / sqrt(d)) v_j / sum_j e^(q_i k_j / sqrt(d))
// H heads, L queries, M keys and values, d width of a head; any of them. No more than a block of the scores is there at
// a time (FlashAttention, arXiv 2205.14135), so that memory grows with L and M alone. Sums are float32, and so are the
// products, but for bfloat16 on avx512bf16, where both products are of bfloat16 (weights rounded to it) if d is even.
// What becomes of a query does not depend on the others.
#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"
#include "kernels/isa.h"
#include "kernels/range.h"

namespace pixnerd::kernels {

struct AttentionShape {
  int64_t heads = 0;              // H
  int64_t queries = 0, keys = 0;  // L, M
  int64_t width = 0;              // d
};

template <class T>
struct AttentionForward {
  const T* q = nullptr;  // [B, H, L, d]
  const T* k = nullptr;  // [B, H, M, d]
  const T* v = nullptr;  // [B, H, M, d]
  T* y = nullptr;        // [B, L, H d]; not finite where a product of the query is not
};

// For `heads` of all B H.
template <class T>
void attention_forward(const AttentionShape& shape, const AttentionForward<T>& attention, Range heads,
                       Isa isa = chosen_isa());

}  // namespace pixnerd::kernels
