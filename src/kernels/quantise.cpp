#include "kernels/quantise.h"

#include "kernels/reference.h"
#include "kernels/scratch.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/quantise.cpp"
#include <hwy/foreach_target.h>

#include "kernels/norm_row-inl.h"
#include "kernels/quantise_row-inl.h"
#include "kernels/sigmoid-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

// Rounds a row of which the greatest magnitude is known; returns its scale.
template <class T>
HWY_INLINE float round_row(int64_t width, const T* x, hn::Vec<Bits> most, uint8_t* q) {
  const float magnitude = magnitude_of(most);
  const Vector inverse = all(inverse_step(magnitude));
  along_row(width,
            [&](auto lanes, int64_t j) HWY_ATTR { store_bytes(lanes, hn::Mul(load(lanes, x + j), inverse), q + j); });
  return step_of(magnitude);
}

template <class T>
void quantise_rows(int64_t width, const QuantiseRows<T>& rounding, Range rows) {
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const T* x = rounding.x + row * width;
    auto most = hn::Zero(Bits());
    along_row(width, [&](auto lanes, int64_t j) HWY_ATTR { most = greater_magnitude(most, load(lanes, x + j)); });
    rounding.scales[row] = round_row(width, x, most, rounding.q + row * width);
  }
}

template <class T>
void quantise_swiglu(const SwiGLUShape& shape, const QuantiseSwiGLU<T>& gate, Range rows) {
  Scratch scratch;
  float* y = scratch.floats(shape.width);
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const Vector scale = all(gate.scales_ab[row]);
    auto most = hn::Zero(Bits());
    along_row(shape.width, [&](auto lanes, int64_t j) HWY_ATTR {
      const Vector a = hn::Mul(load(lanes, gate.a + row * shape.stride + j), scale);
      const Vector b = hn::Mul(load(lanes, gate.b + row * shape.stride + j), scale);
      const Vector product = hn::Mul(hn::Mul(a, sigmoid(a)), b);
      most = greater_magnitude(most, product);
      store(lanes, product, y + j);
    });
    gate.scales[row] = round_row(shape.width, y, most, gate.q + row * shape.width);
  }
}

template <class T>
void quantise_norm(const NormShape& shape, const QuantiseNorm<T>& norm, Range rows) {
  Scratch scratch;
  float *factor = scratch.floats(shape.width), *y = scratch.floats(shape.width);
  along_samples(shape, norm, rows, factor, [&](int64_t row, const T* shift) HWY_ATTR {
    auto most = hn::Zero(Bits());
    normalise_row(shape, norm.x + row * shape.width, factor, shift, [&](auto lanes, int64_t j, Vector value) HWY_ATTR {
      store(lanes, value, y + j);
      most = greater_magnitude(most, load(lanes, y + j));
    });
    norm.scales[row] = round_row(shape.width, y, most, norm.q + row * shape.width);
  });
}

template <class T>
void scale_rows(int64_t width, const ScaleRows<T>& scaling, Range rows) {
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const Vector scale = all(scaling.scales[row]);
    const T* x = scaling.x + row * width;
    T* y = scaling.y + row * width;
    if (scaling.bias == nullptr) {
      along_row(width,
                [&](auto lanes, int64_t j) HWY_ATTR { store(lanes, hn::Mul(load(lanes, x + j), scale), y + j); });
    } else {
      along_row(width, [&](auto lanes, int64_t j) HWY_ATTR {
        store(lanes, hn::MulAdd(load(lanes, x + j), scale, load(lanes, scaling.bias + j)), y + j);
      });
    }
  }
}

// Eight bytes at a time, which count from 128 meanwhile.
inline void sum_rows(int64_t width, const SumRows& of, Range rows) {
  const hn::ScalableTag<uint8_t> bytes;
  const hn::ScalableTag<uint64_t> sums;
  const auto lanes = static_cast<int64_t>(hn::Lanes(bytes));
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const int8_t* w = of.w + row * width;
    auto eights = hn::Zero(sums);
    int64_t j = 0;
    for (; j + lanes <= width; j += lanes) {
      const auto values = hn::LoadU(bytes, reinterpret_cast<const uint8_t*>(w + j));
      eights = hn::Add(eights, hn::SumsOf8(hn::Xor(values, hn::Set(bytes, kZeroPoint))));
    }
    auto sum = static_cast<int64_t>(hn::GetLane(hn::SumOfLanes(sums, eights))) - kZeroPoint * j;
    for (; j < width; ++j) sum += w[j];
    of.sums[row] = static_cast<int32_t>(sum);
  }
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

PIXNERD_EXPORT(quantise_rows, int64_t, QuantiseRows)
PIXNERD_EXPORT(scale_rows, int64_t, ScaleRows)
PIXNERD_EXPORT(quantise_swiglu, const SwiGLUShape&, QuantiseSwiGLU)
PIXNERD_EXPORT(quantise_norm, const NormShape&, QuantiseNorm)

void sum_rows(int64_t width, const SumRows& of, Range rows, Isa isa) {
  PIXNERD_CALL_FOR(isa, sum_rows(width, of, rows))
}

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
