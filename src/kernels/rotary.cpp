#include "kernels/rotary.h"

#include "kernels/reference.h"
#include "kernels/scratch.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rotary.cpp"
#include <hwy/foreach_target.h>

#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

// Pairs of neighbouring lanes turned by the angles whose (cos, sin) stand in `turn`; backwards for kBack.
template <bool kBack>
HWY_INLINE Vector rotate(Vector x, Vector turn) {
  const Vector crossed = hn::Mul(hn::Shuffle2301(x), hn::DupOdd(turn));
  const Vector sines = kBack ? hn::OddEven(hn::Neg(crossed), crossed) : hn::OddEven(crossed, hn::Neg(crossed));
  return hn::MulAdd(x, hn::DupEven(turn), sines);
}

template <class T>
HWY_INLINE void forward_head(const RotaryShape& shape, const T* x, const float* weight, const float* turns, T* y) {
  const Vector inverse = all(inverse_rms(sums_of_squares(x, shape.width), shape.width, shape.eps));
  along_row(shape.width, [&](auto lanes, int64_t j) HWY_ATTR {
    const Vector n = hn::Mul(hn::Mul(load(lanes, x + j), inverse), load(lanes, weight + j));
    store(lanes, turns == nullptr ? n : rotate<false>(n, load(lanes, turns + j)), y + j);
  });
}

// `turned` has room for a head's channels.
template <class T>
HWY_INLINE void backward_head(const RotaryShape& shape, const T* x, const float* weight, const float* turns,
                              const T* grad_y, T* grad_x, float* grad_weight, float* turned) {
  Vector squares = all(0), along = all(0);
  along_row(shape.width, [&](auto lanes, int64_t j) HWY_ATTR {
    const Vector value = load(lanes, x + j);
    Vector g = load(lanes, grad_y + j);
    if (turns != nullptr) g = rotate<true>(g, load(lanes, turns + j));
    store(AllLanes(), g, turned + j);
    squares = hn::MulAdd(value, value, squares);
    along = hn::MulAdd(hn::Mul(g, load(lanes, weight + j)), value, along);
  });
  const float inverse = inverse_rms(squares, shape.width, shape.eps);
  const float back = -inverse * inverse * inverse * sum_of_lanes(along) / static_cast<float>(shape.width);
  along_row(shape.width, [&](auto lanes, int64_t j) HWY_ATTR {
    const Vector value = load(lanes, x + j);
    const Vector g = hn::Mul(load(AllLanes(), turned + j), all(inverse));
    store(lanes, hn::MulAdd(g, value, load(lanes, grad_weight + j)), grad_weight + j);
    store(lanes, hn::MulAdd(g, load(lanes, weight + j), hn::Mul(value, all(back))), grad_x + j);
  });
}

// Calls visit(offset in x, offset in y, offset in the table) for each head of each token.
template <class Visit>
HWY_INLINE void each_head(const RotaryShape& shape, Range tokens, const Visit& visit) {
  for (int64_t token = tokens.begin; token < tokens.end; ++token) {
    const int64_t sample = token / shape.positions, position = token % shape.positions;
    const int64_t in_x = sample * shape.x.sample + position * shape.x.position;
    const int64_t in_y = sample * shape.y.sample + position * shape.y.position;
    for (int64_t head = 0; head < shape.heads; ++head) {
      visit(in_x + head * shape.x.head, in_y + head * shape.y.head, position * shape.width);
    }
  }
}

template <class T>
void rotary_forward(const RotaryShape& shape, const RotaryForward<T>& rotary, Range tokens) {
  each_head(shape, tokens, [&](int64_t in_x, int64_t in_y, int64_t in_table) HWY_ATTR {
    const float* turns = rotary.table == nullptr ? nullptr : rotary.table + in_table;
    forward_head(shape, rotary.x + in_x, rotary.weight, turns, rotary.y + in_y);
  });
}

template <class T>
void rotary_backward(const RotaryShape& shape, const RotaryBackward<T>& rotary, Range tokens) {
  Scratch scratch;
  float* turned = scratch.floats(shape.width);
  each_head(shape, tokens, [&](int64_t in_x, int64_t in_y, int64_t in_table) HWY_ATTR {
    const float* turns = rotary.table == nullptr ? nullptr : rotary.table + in_table;
    backward_head(shape, rotary.x + in_x, rotary.weight, turns, rotary.grad_y + in_y, rotary.grad_x + in_x,
                  rotary.grad_weight, turned);
  });
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

PIXNERD_EXPORT(rotary_forward, const RotaryShape&, RotaryForward)
PIXNERD_EXPORT(rotary_backward, const RotaryShape&, RotaryBackward)

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
