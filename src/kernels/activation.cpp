#include "kernels/activation.h"

#include "kernels/reference.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/activation.cpp"
#include <hwy/foreach_target.h>

#include "kernels/sigmoid-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

// d silu(x) / dx, where s is sigmoid(x).
HWY_INLINE Vector silu_slope(Vector x, Vector s) {
  const Vector y = hn::Mul(x, s);
  return hn::Add(s, hn::NegMulAdd(y, s, y));
}

template <class T>
HWY_INLINE void silu_values(const T* x, T* y, Range values) {
  along_row(values.end - values.begin, [&](auto lanes, int64_t i) HWY_ATTR {
    const Vector value = load(lanes, x + values.begin + i);
    store(lanes, hn::Mul(value, sigmoid(value)), y + values.begin + i);
  });
}

template <class T>
HWY_INLINE void silu_values_backward(const T* x, const T* grad_y, T* grad_x, Range values) {
  along_row(values.end - values.begin, [&](auto lanes, int64_t i) HWY_ATTR {
    const int64_t at = values.begin + i;
    const Vector value = load(lanes, x + at);
    store(lanes, hn::Mul(load(lanes, grad_y + at), silu_slope(value, sigmoid(value))), grad_x + at);
  });
}

template <class T>
HWY_INLINE void swiglu_rows(const SwiGLUShape& shape, const SwiGLUForward<T>& gate, Range rows) {
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    along_row(shape.width, [&](auto lanes, int64_t j) HWY_ATTR {
      const Vector a = load(lanes, gate.a + row * shape.stride + j), b = load(lanes, gate.b + row * shape.stride + j);
      store(lanes, hn::Mul(hn::Mul(a, sigmoid(a)), b), gate.y + row * shape.width + j);
    });
  }
}

template <class T>
HWY_INLINE void swiglu_rows_backward(const SwiGLUShape& shape, const SwiGLUBackward<T>& gate, Range rows) {
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    along_row(shape.width, [&](auto lanes, int64_t j) HWY_ATTR {
      const int64_t at = row * shape.stride + j;
      const Vector a = load(lanes, gate.a + at), b = load(lanes, gate.b + at);
      const Vector g = load(lanes, gate.grad_y + row * shape.width + j);
      const Vector s = sigmoid(a);
      store(lanes, hn::Mul(hn::Mul(g, b), silu_slope(a, s)), gate.grad_a + at);
      store(lanes, hn::Mul(g, hn::Mul(a, s)), gate.grad_b + at);
    });
  }
}

void silu_forward(const float* x, float* y, Range values) {
  silu_values(x, y, values);
}

void silu_backward(const float* x, const float* grad_y, float* grad_x, Range values) {
  silu_values_backward(x, grad_y, grad_x, values);
}

void silu_forward(const BFloat16* x, BFloat16* y, Range values) {
  silu_values(x, y, values);
}

void silu_backward(const BFloat16* x, const BFloat16* grad_y, BFloat16* grad_x, Range values) {
  silu_values_backward(x, grad_y, grad_x, values);
}

void swiglu_forward(const SwiGLUShape& shape, const SwiGLUForward<float>& gate, Range rows) {
  swiglu_rows(shape, gate, rows);
}

void swiglu_forward(const SwiGLUShape& shape, const SwiGLUForward<BFloat16>& gate, Range rows) {
  swiglu_rows(shape, gate, rows);
}

void swiglu_backward(const SwiGLUShape& shape, const SwiGLUBackward<float>& gate, Range rows) {
  swiglu_rows_backward(shape, gate, rows);
}

void swiglu_backward(const SwiGLUShape& shape, const SwiGLUBackward<BFloat16>& gate, Range rows) {
  swiglu_rows_backward(shape, gate, rows);
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

template <class T>
void silu_forward(const T* x, T* y, Range values, Isa isa) {
  PIXNERD_CALL_FOR(isa, silu_forward(x, y, values))
}

template <class T>
void silu_backward(const T* x, const T* grad_y, T* grad_x, Range values, Isa isa) {
  PIXNERD_CALL_FOR(isa, silu_backward(x, grad_y, grad_x, values))
}

template <class T>
void swiglu_forward(const SwiGLUShape& shape, const SwiGLUForward<T>& gate, Range rows, Isa isa) {
  PIXNERD_CALL_FOR(isa, swiglu_forward(shape, gate, rows))
}

template <class T>
void swiglu_backward(const SwiGLUShape& shape, const SwiGLUBackward<T>& gate, Range rows, Isa isa) {
  PIXNERD_CALL_FOR(isa, swiglu_backward(shape, gate, rows))
}

template void silu_forward(const float*, float*, Range, Isa);
template void silu_forward(const BFloat16*, BFloat16*, Range, Isa);
template void silu_backward(const float*, const float*, float*, Range, Isa);
template void silu_backward(const BFloat16*, const BFloat16*, BFloat16*, Range, Isa);
template void swiglu_forward(const SwiGLUShape&, const SwiGLUForward<float>&, Range, Isa);
template void swiglu_forward(const SwiGLUShape&, const SwiGLUForward<BFloat16>&, Range, Isa);
template void swiglu_backward(const SwiGLUShape&, const SwiGLUBackward<float>&, Range, Isa);
template void swiglu_backward(const SwiGLUShape&, const SwiGLUBackward<BFloat16>&, Range, Isa);

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
