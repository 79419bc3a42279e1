// Pairs of bfloat16 values in the place of floats, and, for processors that have them (AVX512_BF16), their products
// that add up in float32. A matrix of pairs is a Matrix with two values in the place of a float: as the left operand
// two of a row, as the right one two of a column. Highway 1.0 lacks the instructions, so they stand here. Compiled once
// for every instruction set.
#if defined(PIXNERD_KERNELS_PAIRS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PIXNERD_KERNELS_PAIRS_INL_H_
#undef PIXNERD_KERNELS_PAIRS_INL_H_
#else
#define PIXNERD_KERNELS_PAIRS_INL_H_
#endif

#include "kernels/multiply-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

#if HWY_TARGET == HWY_AVX3
// For multiply().
struct Pairs {
  static HWY_INLINE Vector add(Vector a, Vector b, Vector sum) {
    asm("vdpbf16ps %2, %1, %0" : "+v"(sum.raw) : "v"(a.raw), "v"(b.raw));
    return sum;
  }
};

// To nearest, ties to even; subnormal values become 0, NaN stays NaN.
HWY_INLINE Halves halves(Vector v) {
  Halves nearest;
  asm("vcvtneps2bf16 %1, %0" : "=v"(nearest.raw) : "v"(v.raw));
  return nearest;
}
#else
HWY_INLINE Halves halves(Vector v) {
  return rounded(v);
}
#endif

constexpr int64_t pairs_of(int64_t values) {
  return (values + 1) / 2;
}

HWY_INLINE uint16_t* halves_of_row(const Matrix& pairs, int64_t i) {
  return reinterpret_cast<uint16_t*>(pairs.row(i));
}

// The value beside the last one of a row of an odd number counts as 0.
HWY_INLINE void end_row(const Matrix& pairs, int64_t i, int64_t values) {
  if (values % 2 != 0) halves_of_row(pairs, i)[values] = 0;
}

// Two rows, one above the other, as one of pairs; `below` may be null for zeros.
HWY_INLINE void join_rows(const BFloat16* above, const BFloat16* below, int64_t columns, float* pairs) {
  along_row(columns, [&](auto lanes, int64_t j) HWY_ATTR {
    const Bits bits;
    const auto upper = hn::BitCast(bits, load(lanes, above + j));
    const auto lower = below == nullptr ? hn::Zero(bits) : hn::BitCast(bits, load(lanes, below + j));
    store(AllLanes(), hn::BitCast(Floats(), hn::Or(lower, hn::ShiftRight<16>(upper))), pairs + j);
  });
}

// Values above and below each other as pairs, rounded.
HWY_INLINE Vector join(Vector above, Vector below) {
  const Bits bits;
  const auto first = hn::PromoteTo(bits, halves(above)), second = hn::PromoteTo(bits, halves(below));
  return hn::BitCast(Floats(), hn::Or(first, hn::ShiftLeft<16>(second)));
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // the toggle
