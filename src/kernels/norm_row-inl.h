// RMSNorm of rows with the modulation of their samples, up to where a normalised value goes. Compiled once for every
// instruction set.
#if defined(PIXNERD_KERNELS_NORM_ROW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PIXNERD_KERNELS_NORM_ROW_INL_H_
#undef PIXNERD_KERNELS_NORM_ROW_INL_H_
#else
#define PIXNERD_KERNELS_NORM_ROW_INL_H_
#endif

#include <algorithm>

#include "kernels/rms_norm.h"
#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

// What multiplies the normalised row of one sample: weight * (1 + scale).
template <class T>
HWY_INLINE void read_factor(int64_t width, const float* weight, const T* scale, float* factor) {
  along_row(width, [&](auto lanes, int64_t j) HWY_ATTR {
    const Vector w = load(lanes, weight + j);
    store(AllLanes(), scale == nullptr ? w : hn::MulAdd(w, load(lanes, scale + j), w), factor + j);
  });
}

// Calls visit(row, shift) for rows, shift being their sample's or null, and `factor` [D] as read_factor() leaves it. Of
// NormForward or what has its inputs.
template <class Norm, class Visit>
HWY_INLINE void along_samples(const NormShape& shape, const Norm& norm, Range rows, float* factor, const Visit& visit) {
  for (int64_t row = rows.begin; row < rows.end;) {
    const int64_t sample = row / shape.rows_per_sample;
    const int64_t modulation = sample * shape.modulation_stride;
    const int64_t end = std::min(rows.end, (sample + 1) * shape.rows_per_sample);
    read_factor(shape.width, norm.weight, norm.scale == nullptr ? nullptr : norm.scale + modulation, factor);
    for (; row < end; ++row) visit(row, norm.shift == nullptr ? nullptr : norm.shift + modulation);
  }
}

// Calls put(lanes, offset, value) for the vectors of a normalised row.
template <class T, class Put>
HWY_INLINE void normalise_row(const NormShape& shape, const T* x, const float* factor, const T* shift, const Put& put) {
  const Vector inverse = all(inverse_rms(sums_of_squares(x, shape.width), shape.width, shape.eps));
  along_row(shape.width, [&](auto lanes, int64_t j) HWY_ATTR {
    const Vector scaled = hn::Mul(load(lanes, x + j), inverse);
    const Vector offset = shift == nullptr ? all(0) : load(lanes, shift + j);
    put(lanes, j, hn::MulAdd(scaled, load(AllLanes(), factor + j), offset));
  });
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // the toggle
