#include "kernels/rotary.h"

#include <cmath>

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

HWY_INLINE float inverse_rms(Vector squares, const RotaryShape& shape) {
  return 1 / std::sqrt(sum_of_lanes(squares) / static_cast<float>(shape.width) + shape.eps);
}

template <class T>
HWY_INLINE void forward_head(const RotaryShape& shape, const T* x, const float* weight, const float* turns, T* y) {
  Vector squares = all(0);
  along_row(shape.width, [&](auto lanes, int64_t j) HWY_ATTR {
    const Vector value = load(lanes, x + j);
    squares = hn::MulAdd(value, value, squares);
  });
  const Vector inverse = all(inverse_rms(squares, shape));
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
  const float inverse = inverse_rms(squares, shape);
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
HWY_INLINE void forward_tokens(const RotaryShape& shape, const RotaryForward<T>& rotary, Range tokens) {
  each_head(shape, tokens, [&](int64_t in_x, int64_t in_y, int64_t in_table) HWY_ATTR {
    const float* turns = rotary.table == nullptr ? nullptr : rotary.table + in_table;
    forward_head(shape, rotary.x + in_x, rotary.weight, turns, rotary.y + in_y);
  });
}

template <class T>
HWY_INLINE void backward_tokens(const RotaryShape& shape, const RotaryBackward<T>& rotary, Range tokens) {
  Scratch scratch;
  float* turned = scratch.floats(shape.width);
  each_head(shape, tokens, [&](int64_t in_x, int64_t in_y, int64_t in_table) HWY_ATTR {
    const float* turns = rotary.table == nullptr ? nullptr : rotary.table + in_table;
    backward_head(shape, rotary.x + in_x, rotary.weight, turns, rotary.grad_y + in_y, rotary.grad_x + in_x,
                  rotary.grad_weight, turned);
  });
}

void rotary_forward(const RotaryShape& shape, const RotaryForward<float>& rotary, Range tokens) {
  forward_tokens(shape, rotary, tokens);
}

void rotary_forward(const RotaryShape& shape, const RotaryForward<BFloat16>& rotary, Range tokens) {
  forward_tokens(shape, rotary, tokens);
}

void rotary_backward(const RotaryShape& shape, const RotaryBackward<float>& rotary, Range tokens) {
  backward_tokens(shape, rotary, tokens);
}

void rotary_backward(const RotaryShape& shape, const RotaryBackward<BFloat16>& rotary, Range tokens) {
  backward_tokens(shape, rotary, tokens);
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

template <class T>
void rotary_forward(const RotaryShape& shape, const RotaryForward<T>& rotary, Range tokens, Isa isa) {
  PIXNERD_CALL_FOR(isa, rotary_forward(shape, rotary, tokens))
}

template <class T>
void rotary_backward(const RotaryShape& shape, const RotaryBackward<T>& rotary, Range tokens, Isa isa) {
  PIXNERD_CALL_FOR(isa, rotary_backward(shape, rotary, tokens))
}

template void rotary_forward(const RotaryShape&, const RotaryForward<float>&, Range, Isa);
template void rotary_forward(const RotaryShape&, const RotaryForward<BFloat16>&, Range, Isa);
template void rotary_backward(const RotaryShape&, const RotaryBackward<float>&, Range, Isa);
template void rotary_backward(const RotaryShape&, const RotaryBackward<BFloat16>&, Range, Isa);

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
