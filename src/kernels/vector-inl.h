// Loads and stores of float vectors from either storage type, whole or in part, and walks along a row. Compiled once
// for every instruction set: no include guard of the usual kind.
#if defined(PIXNERD_KERNELS_VECTOR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PIXNERD_KERNELS_VECTOR_INL_H_
#undef PIXNERD_KERNELS_VECTOR_INL_H_
#else
#define PIXNERD_KERNELS_VECTOR_INL_H_
#endif

#include <hwy/highway.h>

#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/bfloat16.h"
#include "kernels/targets.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::ScalableTag<float>;
using Vector = hn::Vec<Floats>;
using Bits = hn::Rebind<uint32_t, Floats>;
using HalfBits = hn::Rebind<uint16_t, Floats>;
constexpr int64_t kLanes = hn::MaxLanes(Floats());

HWY_INLINE Vector all(float value) {
  return hn::Set(Floats(), value);
}

// How many lanes of a vector take part in a load or store: all of them, or the first few.
struct AllLanes {};
struct FirstLanes {
  int64_t count;  // 1 .. kLanes - 1
};

HWY_INLINE Vector load(AllLanes, const float* from) {
  return hn::LoadU(Floats(), from);
}

HWY_INLINE Vector load(AllLanes, const BFloat16* from) {
  const auto halves = hn::LoadU(HalfBits(), reinterpret_cast<const uint16_t*>(from));
  return hn::BitCast(Floats(), hn::ShiftLeft<16>(hn::PromoteTo(Bits(), halves)));
}

HWY_INLINE void store(AllLanes, Vector v, float* to) {
  hn::StoreU(v, Floats(), to);
}

using Halves = hn::Vec<HalfBits>;

// To bfloat16, to nearest, ties to even; NaN stays NaN.
HWY_INLINE Halves rounded(Vector v) {
  const Bits bits;
  const auto wide = hn::BitCast(bits, v);
  const auto odd = hn::And(hn::ShiftRight<16>(wide), hn::Set(bits, 1));
  const auto nearest = hn::Add(wide, hn::Add(odd, hn::Set(bits, 0x7FFF)));
  const auto quiet = hn::Or(wide, hn::Set(bits, 0x400000));
  const auto nan = hn::RebindMask(bits, hn::IsNaN(v));
  return hn::TruncateTo(HalfBits(), hn::ShiftRight<16>(hn::IfThenElse(nan, quiet, nearest)));
}

HWY_INLINE void store(AllLanes, Vector v, BFloat16* to) {
  hn::StoreU(rounded(v), HalfBits(), reinterpret_cast<uint16_t*>(to));
}

// The other lanes are zero, and nothing beyond the first ones is read.
template <class T>
HWY_INLINE Vector load(FirstLanes first, const T* from) {
  HWY_ALIGN T lanes[kLanes] = {};
  std::memcpy(lanes, from, static_cast<size_t>(first.count) * sizeof(T));
  return load(AllLanes(), lanes);
}

template <class T>
HWY_INLINE void store(FirstLanes first, Vector v, T* to) {
  HWY_ALIGN T lanes[kLanes];
  store(AllLanes(), v, lanes);
  std::memcpy(to, lanes, static_cast<size_t>(first.count) * sizeof(T));
}

#if HWY_TARGET == HWY_AVX3
// Masked accesses, which touch no memory beyond the first lanes.
HWY_INLINE Vector load(FirstLanes first, const float* from) {
  return hn::MaskedLoad(hn::FirstN(Floats(), static_cast<size_t>(first.count)), Floats(), from);
}

HWY_INLINE void store(FirstLanes first, Vector v, float* to) {
  hn::BlendedStore(v, hn::FirstN(Floats(), static_cast<size_t>(first.count)), Floats(), to);
}
#endif

// Calls visit(lanes, offset) for the vectors of a row of `count` values, the last of which may be in part.
template <class Visit>
HWY_INLINE void along_row(int64_t count, const Visit& visit) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) visit(AllLanes(), i);
  if (i < count) visit(FirstLanes{count - i}, i);
}

HWY_INLINE float sum_of_lanes(Vector v) {
  return hn::GetLane(hn::SumOfLanes(Floats(), v));
}

// The squares of a row's values, summed up in each lane.
template <class T>
HWY_INLINE Vector sums_of_squares(const T* x, int64_t width) {
  Vector squares = all(0);
  along_row(width, [&](auto lanes, int64_t j) HWY_ATTR {
    const Vector value = load(lanes, x + j);
    squares = hn::MulAdd(value, value, squares);
  });
  return squares;
}

// 1 / sqrt(mean(x^2) + eps) of a row, from the above.
HWY_INLINE float inverse_rms(Vector squares, int64_t width, float eps) {
  return 1 / std::sqrt(sum_of_lanes(squares) / static_cast<float>(width) + eps);
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // the toggle
