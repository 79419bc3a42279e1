// Attention: of each query, the mean of the values, weighed by the softmax of its products with the keys.
//   y_i = sum_j p_ij v_j,   p_ij = e^(q_i k_j / sqrt(d) - l_i),   l_i = log sum_j e^(q_i k_j / sqrt(d))
// Its gradients, from g = dL/dy:
//   dL/dv_j = sum_i p_ij g_i,   s_ij = p_ij (g_i v_j - g_i y_i) / sqrt(d),   dL/dq_i = sum_j s_ij k_j,
//   dL/dk_j = sum_i s_ij q_i
// H heads, L queries, M keys and values, d width of a head; any of them. No more than a block of the scores is there at
// a time (FlashAttention, arXiv 2205.14135), so that memory grows with L and M alone; the backward pass computes them
// again from l. Sums are float32, and so are the products, but for bfloat16 on avx512bf16, where all products are of
// bfloat16 (p and s sqrt(d) rounded to it) if d is even. What becomes of a query does not depend on the others, and no
// gradient on other heads.
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
  const T* q = nullptr;       // [B, H, L, d]
  const T* k = nullptr;       // [B, H, M, d]
  const T* v = nullptr;       // [B, H, M, d]
  T* y = nullptr;             // [B, L, H d]; not finite where a product of the query is not
  float* log_sums = nullptr;  // l, [B, H, L], or null where it is not wanted
};

// For `heads` of all B H.
template <class T>
void attention_forward(const AttentionShape& shape, const AttentionForward<T>& attention, Range heads,
                       Isa isa = chosen_isa());

template <class T>
struct AttentionBackward {
  const T* q = nullptr;  // what the forward pass had and gave
  const T* k = nullptr;
  const T* v = nullptr;
  const T* y = nullptr;
  const float* log_sums = nullptr;
  const T* grad_y = nullptr;  // g, [B, L, H d]
  T* grad_q = nullptr;        // [B, H, L, d]
  T* grad_k = nullptr;        // [B, H, M, d]
  T* grad_v = nullptr;        // [B, H, M, d]
};

// For `heads` of all B H.
template <class T>
void attention_backward(const AttentionShape& shape, const AttentionBackward<T>& attention, Range heads,
                        Isa isa = chosen_isa());

}  // namespace pixnerd::kernels
