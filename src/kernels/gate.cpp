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
HWY_INLINE void forward_rows(const GateShape& shape, const GateForward<T>& residual, Range rows) {
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
HWY_INLINE void backward_rows(const GateShape& shape, const GateBackward<T>& residual, Range rows) {
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

void gate_forward(const GateShape& shape, const GateForward<float>& residual, Range rows) {
  forward_rows(shape, residual, rows);
}

void gate_forward(const GateShape& shape, const GateForward<BFloat16>& residual, Range rows) {
  forward_rows(shape, residual, rows);
}

void gate_backward(const GateShape& shape, const GateBackward<float>& residual, Range rows) {
  backward_rows(shape, residual, rows);
}

void gate_backward(const GateShape& shape, const GateBackward<BFloat16>& residual, Range rows) {
  backward_rows(shape, residual, rows);
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

template <class T>
void gate_forward(const GateShape& shape, const GateForward<T>& residual, Range rows, Isa isa) {
  PIXNERD_CALL_FOR(isa, gate_forward(shape, residual, rows))
}

template <class T>
void gate_backward(const GateShape& shape, const GateBackward<T>& residual, Range rows, Isa isa) {
  PIXNERD_CALL_FOR(isa, gate_backward(shape, residual, rows))
}

template void gate_forward(const GateShape&, const GateForward<float>&, Range, Isa);
template void gate_forward(const GateShape&, const GateForward<BFloat16>&, Range, Isa);
template void gate_backward(const GateShape&, const GateBackward<float>&, Range, Isa);
template void gate_backward(const GateShape&, const GateBackward<BFloat16>&, Range, Isa);

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
