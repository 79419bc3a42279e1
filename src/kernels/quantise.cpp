#include "kernels/quantise.h"

#include "kernels/reference.h"
#include "kernels/scratch.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/quantise.cpp"
#include <hwy/foreach_target.h>

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
HWY_INLINE void quantise_each(int64_t width, const QuantiseRows<T>& rounding, Range rows) {
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const T* x = rounding.x + row * width;
    auto most = hn::Zero(Bits());
    along_row(width, [&](auto lanes, int64_t j) HWY_ATTR { most = greater_magnitude(most, load(lanes, x + j)); });
    rounding.scales[row] = round_row(width, x, most, rounding.q + row * width);
  }
}

template <class T>
HWY_INLINE void quantise_each_swiglu(int64_t width, int64_t stride, const QuantiseSwiGLU<T>& gate, Range rows) {
  Scratch scratch;
  float* y = scratch.floats(width);
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const Vector scale = all(gate.scales_ab[row]);
    auto most = hn::Zero(Bits());
    along_row(width, [&](auto lanes, int64_t j) HWY_ATTR {
      const Vector a = hn::Mul(load(lanes, gate.a + row * stride + j), scale);
      const Vector b = hn::Mul(load(lanes, gate.b + row * stride + j), scale);
      const Vector product = hn::Mul(hn::Mul(a, sigmoid(a)), b);
      most = greater_magnitude(most, product);
      store(lanes, product, y + j);
    });
    gate.scales[row] = round_row(width, y, most, gate.q + row * width);
  }
}

template <class T>
HWY_INLINE void scale_each(int64_t width, const ScaleRows<T>& scaling, Range rows) {
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

void quantise_rows(int64_t width, const QuantiseRows<float>& rounding, Range rows) {
  quantise_each(width, rounding, rows);
}

void quantise_rows(int64_t width, const QuantiseRows<BFloat16>& rounding, Range rows) {
  quantise_each(width, rounding, rows);
}

void scale_rows(int64_t width, const ScaleRows<float>& scaling, Range rows) {
  scale_each(width, scaling, rows);
}

void scale_rows(int64_t width, const ScaleRows<BFloat16>& scaling, Range rows) {
  scale_each(width, scaling, rows);
}

void quantise_swiglu(int64_t width, int64_t stride, const QuantiseSwiGLU<float>& gate, Range rows) {
  quantise_each_swiglu(width, stride, gate, rows);
}

void quantise_swiglu(int64_t width, int64_t stride, const QuantiseSwiGLU<BFloat16>& gate, Range rows) {
  quantise_each_swiglu(width, stride, gate, rows);
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

template <class T>
void quantise_rows(int64_t width, const QuantiseRows<T>& rounding, Range rows, Isa isa) {
  PIXNERD_CALL_FOR(isa, quantise_rows(width, rounding, rows))
}

template <class T>
void scale_rows(int64_t width, const ScaleRows<T>& scaling, Range rows, Isa isa) {
  PIXNERD_CALL_FOR(isa, scale_rows(width, scaling, rows))
}

template <class T>
void quantise_swiglu(int64_t width, int64_t stride, const QuantiseSwiGLU<T>& gate, Range rows, Isa isa) {
  PIXNERD_CALL_FOR(isa, quantise_swiglu(width, stride, gate, rows))
}

template void quantise_rows(int64_t, const QuantiseRows<float>&, Range, Isa);
template void quantise_rows(int64_t, const QuantiseRows<BFloat16>&, Range, Isa);
template void scale_rows(int64_t, const ScaleRows<float>&, Range, Isa);
template void scale_rows(int64_t, const ScaleRows<BFloat16>&, Range, Isa);
template void quantise_swiglu(int64_t, int64_t, const QuantiseSwiGLU<float>&, Range, Isa);
template void quantise_swiglu(int64_t, int64_t, const QuantiseSwiGLU<BFloat16>&, Range, Isa);

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
