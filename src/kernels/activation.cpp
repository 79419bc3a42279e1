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
void swiglu_forward(const SwiGLUShape& shape, const SwiGLUForward<T>& gate, Range rows) {
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    along_row(shape.width, [&](auto lanes, int64_t j) HWY_ATTR {
      const Vector a = load(lanes, gate.a + row * shape.stride + j), b = load(lanes, gate.b + row * shape.stride + j);
      store(lanes, hn::Mul(hn::Mul(a, sigmoid(a)), b), gate.y + row * shape.width + j);
    });
  }
}

template <class T>
void swiglu_backward(const SwiGLUShape& shape, const SwiGLUBackward<T>& gate, Range rows) {
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

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

PIXNERD_EXPORT(swiglu_forward, const SwiGLUShape&, SwiGLUForward)
PIXNERD_EXPORT(swiglu_backward, const SwiGLUShape&, SwiGLUBackward)

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
