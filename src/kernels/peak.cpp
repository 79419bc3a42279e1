#include "kernels/peak.h"

#include <algorithm>
#include <cmath>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "kernels/peak_tiles.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/peak.cpp"
#include <hwy/foreach_target.h>

#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

int64_t run_multiply_adds(int64_t rounds) {
  constexpr int kChains = 12;  // more than the units' number times their latency
  Vector sums[kChains];
  for (Vector& sum : sums) sum = all(1);
  const Vector factor = all(0.999F), summand = all(0.001F);
  for (int64_t round = 0; round < rounds; ++round) {
    HWY_UNROLL(16)
    for (int i = 0; i < kChains; ++i) sums[i] = hn::MulAdd(sums[i], factor, summand);
  }
  Vector total = all(0);
  for (const Vector& sum : sums) total = hn::Add(total, sum);
  // Every sum stays 1; the result depends on them, so that they are computed.
  return sum_of_lanes(total) > 0 ? rounds * kChains * kLanes * 2 : 0;
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {
namespace reference {
namespace {

int64_t run_multiply_adds(int64_t rounds) {
  float sum = 1;
  for (int64_t round = 0; round < rounds; ++round) sum = std::fma(sum, 0.999F, 0.001F);
  return sum > 0 ? rounds * 2 : 0;
}

}  // namespace
}  // namespace reference

int64_t run_multiply_adds(int64_t rounds, Isa isa) {
  PIXNERD_CALL_FOR(isa, run_multiply_adds(rounds))
}

#if defined(__x86_64__)
namespace {

__attribute__((target("avx512f,avx512bf16"))) int64_t dot_rounds(int64_t rounds) {
  constexpr int kChains = 12, kOperations = 16 * 2 * 2;  // lanes, pairs, multiply and add
  __m512 sums[kChains];
  for (__m512& sum : sums) sum = _mm512_set1_ps(1);
  const __m512bh ones = reinterpret_cast<__m512bh>(_mm512_set1_epi16(0x3F80));
  for (int64_t round = 0; round < rounds; ++round) {
    HWY_UNROLL(16)
    for (int i = 0; i < kChains; ++i) sums[i] = _mm512_dpbf16_ps(sums[i], ones, ones);
  }
  alignas(64) float lanes[16];
  float least = 1;
  for (const __m512& sum : sums) {
    _mm512_store_ps(lanes, sum);
    least = std::min(least, lanes[0]);
  }
  return least > 0 ? rounds * kChains * kOperations : 0;
}

}  // namespace

int64_t run_bfloat16_dots(int64_t rounds) {
  constexpr int64_t kRoundsPerTile = 8;  // takes about as long
  if (has_tiles()) return run_tile_products(rounds / kRoundsPerTile);
  return __builtin_cpu_supports("avx512bf16") ? dot_rounds(rounds) : 0;
}
#else
int64_t run_bfloat16_dots(int64_t) {
  return 0;
}
#endif

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
