#include "nn/packed_attention.h"

#include <ATen/Parallel.h>
#include <ATen/native/CPUBlas.h>
#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>

#include "kernels/peak_tiles.h"
#include "kernels/scratch.h"
#include "kernels/softmax.h"
#include "nn/kernel_call.h"
#include "nn/onednn.h"

namespace pixnerd::nn {
namespace {

namespace blas = at::native::cpublas;
using at::BFloat16;

constexpr int64_t kQueries = 64;  // together
constexpr int64_t kMostKeys = 8192;

// The small products throw where they are not there for this processor.
bool has_small_products() {
  static const bool has = [] {
    const BFloat16 a[4] = {1, 1, 1, 1}, b[4] = {1, 1, 1, 1};
    float c[4] = {};
    try {
      blas::brgemm(2, 2, 2, 2, 2, 2, /*add_C=*/false, a, b, c);
      blas::brgemm_release();
    } catch (const c10::Error&) {
      return false;
    }
    return c[0] == 2.0F;
  }();
  return has;
}

// k [M, d] -> the operand k^T [d, M] of a product, which wants pairs of its rows side by side: [d / 2, M, 2].
void pair_keys(const BFloat16* k, int64_t keys, int64_t width, uint32_t* pairs) {
  const auto* pair = reinterpret_cast<const uint32_t*>(k);
  for (int64_t j = 0; j < keys; ++j) {
    for (int64_t i = 0; i < width / 2; ++i) pairs[i * keys + j] = pair[j * (width / 2) + i];
  }
}

// v [M, d] in the same way: [M / 2, d, 2], and zeros beside a last row that has no other.
void pair_values(const BFloat16* v, int64_t keys, int64_t width, uint32_t* pairs) {
  for (int64_t j = 0; j < keys; j += 2) {
    for (int64_t i = 0; i < width; ++i) {
      const uint32_t second = j + 1 < keys ? v[(j + 1) * width + i].x : 0;
      pairs[j / 2 * width + i] = v[j * width + i].x | second << 16;
    }
  }
}

int64_t in_pairs(int64_t keys) {
  return keys + keys % 2;
}

// The memory of one head's work.
struct Work {
  Work(kernels::Scratch& scratch, int64_t keys, int64_t width)
      : keys_in_pairs(scratch.floats(keys * width / 2)),
        values_in_pairs(scratch.floats(in_pairs(keys) * width / 2)),
        scores(scratch.floats(kQueries * keys)),
        weights(scratch.floats(kQueries * in_pairs(keys) / 2)),
        inverse_sums(scratch.floats(kQueries)),
        mixed(scratch.floats(kQueries * width)) {}

  float *keys_in_pairs, *values_in_pairs, *scores, *weights, *inverse_sums, *mixed;
};

// The weights of `count` queries from their scores, in rows of whole pairs; the weight of no key is 0.
void weigh(const Work& work, int64_t count, int64_t keys, float factor) {
  auto* weights = reinterpret_cast<kernels::BFloat16*>(work.weights);
  if (keys % 2 == 0) {
    kernels::softmax_rows(keys, factor, {work.scores, weights, work.inverse_sums}, {0, count});
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    kernels::BFloat16* row = weights + i * in_pairs(keys);
    kernels::softmax_rows(keys, factor, {work.scores + i * keys, row, work.inverse_sums + i}, {0, 1});
    row[keys] = kernels::BFloat16();
  }
}

void attend(const Work& work, const BFloat16* q, int64_t queries, int64_t keys, int64_t width, BFloat16* y,
            int64_t stride) {
  const auto* k = reinterpret_cast<const BFloat16*>(work.keys_in_pairs);
  const auto* v = reinterpret_cast<const BFloat16*>(work.values_in_pairs);
  const auto* weights = reinterpret_cast<const BFloat16*>(work.weights);
  const int64_t pairs = in_pairs(keys);
  const auto factor = static_cast<float>(1 / std::sqrt(static_cast<double>(width)));
  for (int64_t first = 0; first < queries; first += kQueries) {
    const int64_t count = std::min(kQueries, queries - first);
    blas::brgemm(count, keys, width, width, keys, keys, /*add_C=*/false, q + first * width, k, work.scores);
    weigh(work, count, keys, factor);
    blas::brgemm(count, width, pairs, pairs, width, width, /*add_C=*/false, weights, v, work.mixed);
    auto* to = reinterpret_cast<kernels::BFloat16*>(y + first * stride);
    kernels::multiply_rows(width, stride, {work.mixed, work.inverse_sums, to}, {0, count});
  }
}

}  // namespace

bool has_packed_attention(const at::Tensor& q, const at::Tensor& k) {
  const int64_t keys = k.size(2), width = k.size(3);
  return q.is_cpu() && q.scalar_type() == at::kBFloat16 && k.scalar_type() == at::kBFloat16 && width % 2 == 0 &&
         kernels::has_tiles() && keys <= kMostKeys && !(c10::GradMode::is_enabled() && q.requires_grad()) &&
         has_onednn(at::kBFloat16) && has_small_products();
}

at::Tensor packed_attention(const at::Tensor& given_q, const at::Tensor& given_k, const at::Tensor& given_v) {
  const at::Tensor q = given_q.contiguous(), k = given_k.contiguous(), v = given_v.contiguous();
  const int64_t heads = q.size(1), queries = q.size(2), keys = k.size(2), width = q.size(3);
  at::Tensor y = at::empty({q.size(0), queries, heads * width}, q.options());
  const BFloat16 *of_q = read<BFloat16>(q), *of_k = read<BFloat16>(k), *of_v = read<BFloat16>(v);
  BFloat16* of_y = write<BFloat16>(y);
  at::parallel_for(0, q.size(0) * heads, 1, [&](int64_t begin, int64_t end) {
    kernels::Scratch scratch;
    const Work work(scratch, keys, width);
    for (int64_t head = begin; head < end; ++head) {
      pair_keys(of_k + head * keys * width, keys, width, reinterpret_cast<uint32_t*>(work.keys_in_pairs));
      pair_values(of_v + head * keys * width, keys, width, reinterpret_cast<uint32_t*>(work.values_in_pairs));
      BFloat16* to = of_y + head / heads * queries * heads * width + head % heads * width;
      attend(work, of_q + head * queries * width, queries, keys, width, to, heads * width);
    }
    blas::brgemm_release();
  });
  return y;
}

}  // namespace pixnerd::nn
