// A row's greatest magnitude, and stores of rounded values as bytes. Compiled once for every instruction set.
#if defined(PIXNERD_KERNELS_QUANTISE_ROW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PIXNERD_KERNELS_QUANTISE_ROW_INL_H_
#undef PIXNERD_KERNELS_QUANTISE_ROW_INL_H_
#else
#define PIXNERD_KERNELS_QUANTISE_ROW_INL_H_
#endif

#include <bit>

#include "kernels/quantise.h"
#include "kernels/quantise_step.h"
#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

using Bytes = hn::Rebind<uint8_t, Floats>;

// Magnitudes as whole numbers: they have the same order, and NaN is the greatest.
HWY_INLINE hn::Vec<Bits> greater_magnitude(hn::Vec<Bits> most, Vector v) {
  return hn::Max(most, hn::BitCast(Bits(), hn::Abs(v)));
}

HWY_INLINE float magnitude_of(hn::Vec<Bits> most) {
  return std::bit_cast<float>(hn::GetLane(hn::MaxOfLanes(Bits(), most)));
}

HWY_INLINE void store_bytes(AllLanes, Vector v, uint8_t* to) {
  const Bits bits;
  const auto whole = hn::BitCast(bits, hn::NearestInt(v));
  hn::StoreU(hn::TruncateTo(Bytes(), hn::Add(whole, hn::Set(bits, kZeroPoint))), Bytes(), to);
}

HWY_INLINE void store_bytes(FirstLanes first, Vector v, uint8_t* to) {
  HWY_ALIGN uint8_t lanes[kLanes];
  store_bytes(AllLanes(), v, lanes);
  std::memcpy(to, lanes, static_cast<size_t>(first.count));
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // the toggle
