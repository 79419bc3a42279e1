#include "kernels/gate.h"

#include "kernels/reference.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gate.cpp"
#include <hwy/foreach_target.h>

#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

template <class T>
void gate_forward(const GateShape& shape, const GateForward<T>& residual, Range rows) {
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const T* gate = residual.gate + row / shape.rows_per_sample * shape.gate_stride;
    const int64_t at = row * shape.width;
    along_row(shape.width, [&](auto lanes, int64_t j) HWY_ATTR {
      const Vector x = load(lanes, residual.x + at + j), h = load(lanes, residual.h + at + j);
      store(lanes, hn::MulAdd(load(lanes, gate + j), h, x), residual.y + at + j);
    });
  }
}

template <class T>
void gate_backward(const GateShape& shape, const GateBackward<T>& residual, Range rows) {
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const int64_t sample = row / shape.rows_per_sample * shape.gate_stride;
    const int64_t at = row * shape.width;
    along_row(shape.width, [&](auto lanes, int64_t j) HWY_ATTR {
      const Vector g = load(lanes, residual.grad_y + at + j), h = load(lanes, residual.h + at + j);
      float* sum = residual.grad_gate + sample + j;
      store(lanes, hn::MulAdd(g, h, load(lanes, sum)), sum);
      store(lanes, hn::Mul(g, load(lanes, residual.gate + sample + j)), residual.grad_h + at + j);
    });
  }
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

PIXNERD_EXPORT(gate_forward, const GateShape&, GateForward)
PIXNERD_EXPORT(gate_backward, const GateShape&, GateBackward)

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
