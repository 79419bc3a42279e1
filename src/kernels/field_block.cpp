#include "kernels/field_block.h"

#include <algorithm>

#include "kernels/reference.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/field_block.cpp"
#include <hwy/foreach_target.h>

#include "kernels/field_weights-inl.h"
#include "kernels/multiply-inl.h"
#include "kernels/pixel_norm-inl.h"
#include "kernels/sigmoid-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

// Pixels that go through the block together: few enough that their hidden values stay in the second-level cache.
constexpr int64_t kForwardPixels = 32;
constexpr int64_t kBackwardPixels = 128;

// h = silu(a), in place.
inline HWY_NOINLINE void apply_silu(const Matrix& a, int64_t rows) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < a.columns; j += kLanes) {
      const Vector x = load(AllLanes(), a.row(i) + j);
      store(AllLanes(), hn::Mul(x, sigmoid(x)), a.row(i) + j);
    }
  }
}

#if HWY_TARGET == HWY_AVX3
// h = silu(a), rounded.
inline HWY_NOINLINE void round_silu(const Matrix& a, const Matrix& h, int64_t rows) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < a.columns; j += kLanes) {
      const Vector x = load(AllLanes(), a.row(i) + j);
      hn::StoreU(halves(hn::Mul(x, rough_sigmoid(x))), HalfBits(), halves_of_row(h, i) + j);
    }
    end_row(h, i, a.columns);
  }
}
#endif

// a becomes h = silu(a), and the gradient by h in `grad` becomes the one by a.
inline HWY_NOINLINE void apply_silu_backward(const Matrix& a, const Matrix& grad, int64_t rows) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < a.columns; j += kLanes) {
      const Vector x = load(AllLanes(), a.row(i) + j);
      const Vector s = sigmoid(x);
      const Vector h = hn::Mul(x, s);
      const Vector slope = hn::Add(s, hn::NegMulAdd(h, s, h));  // s (1 + x (1 - s))
      store(AllLanes(), h, a.row(i) + j);
      store(AllLanes(), hn::Mul(slope, load(AllLanes(), grad.row(i) + j)), grad.row(i) + j);
    }
  }
}

// Both weights of one token.
struct FieldWeights {
  FieldWeights(Scratch& scratch, const FieldShape& shape)
      : normalise_second(shape.normalise_second),
        first(scratch, shape.width, shape.hidden),
        second(scratch, shape.hidden, shape.width) {}

  template <class T>
  void read(const T* parameters) const {
    normalise_columns(parameters, first);
    const T* w2 = parameters + first.v.rows * first.v.columns;
    if (normalise_second) {
      normalise_columns(w2, second);
    } else {
      copy_rows(w2, second.v.rows, second.v.columns, second.v);
    }
  }

  template <class T>
  void write_gradient(const Matrix& grad_v1, const Matrix& grad_v2, T* grad_parameters) const {
    normalise_columns_backward(first, grad_v1, grad_parameters);
    T* grad_w2 = grad_parameters + first.v.rows * first.v.columns;
    if (normalise_second) {
      normalise_columns_backward(second, grad_v2, grad_w2);
    } else {
      write_rows(grad_v2, grad_v2.rows, grad_w2);
    }
  }

  bool normalise_second;
  UnitColumns first, second;
};

// A run of one token's pixels that goes through the block together.
struct PixelBlock {
  int64_t token, pixel, rows;

  int64_t first(const FieldShape& shape) const { return (token * shape.pixels + pixel) * shape.width; }  // in u
  int64_t size(const FieldShape& shape) const { return rows * shape.width; }
};

// What is wanted after `block`: the same number of pixels from `pixels` on, and a part of the next token's parameters
// that is as large as the block is of its token.
template <class T>
HWY_INLINE void read_ahead(const FieldShape& shape, const PixelBlock& block, Range tokens, const T* pixels,
                           const T* parameters, Prefetch& ahead) {
  const int64_t next = block.first(shape) + block.size(shape);
  const int64_t end = tokens.end * shape.pixels * shape.width;
  ahead.read(pixels + next, std::min(block.size(shape), end - next));
  if (parameters == nullptr || block.token + 1 == tokens.end) return;
  const int64_t from = shape.parameters() * block.pixel / shape.pixels;
  const int64_t to = shape.parameters() * (block.pixel + block.rows) / shape.pixels;
  ahead.read(parameters + (block.token + 1) * shape.parameters() + from, to - from);
}

template <class T>
HWY_INLINE void add_rows(const T* u, const Matrix& x, int64_t rows, T* y) {
  for (int64_t i = 0; i < rows; ++i, u += x.columns, y += x.columns) {
    along_row(x.columns, [&](auto lanes, int64_t j)
                             HWY_ATTR { store(lanes, hn::Add(load(lanes, u + j), load(lanes, x.row(i) + j)), y + j); });
  }
}

template <class T>
void field_forward(const FieldShape& shape, const FieldForward<T>& field, Range tokens) {
  Scratch scratch;
  const int64_t block_rows = std::min(shape.pixels, kForwardPixels);
  const FieldWeights weights(scratch, shape);
  const Matrix x(scratch, block_rows, shape.width);
  const Matrix h(scratch, block_rows, shape.hidden);
  float* scales = scratch.floats(block_rows);
  for (int64_t token = tokens.begin; token < tokens.end; ++token) {
    weights.read(field.parameters + token * shape.parameters());
    for (int64_t pixel = 0; pixel < shape.pixels; pixel += block_rows) {
      const PixelBlock block{token, pixel, std::min(block_rows, shape.pixels - pixel)};
      const T* u = field.u + block.first(shape);
      T* y = field.y + block.first(shape);
      Prefetch ahead;
      ahead.write(y, block.size(shape));
      read_ahead(shape, block, tokens, field.u, field.parameters, ahead);
      normalise_pixels(u, block.rows, field.norm_weight, x, scales);
      multiply(x, weights.first.v, h, block.rows, ahead);
      apply_silu(h, block.rows);
      multiply(h, weights.second.v, x, block.rows, ahead);
      add_rows(u, x, block.rows, y);
    }
  }
}

#if HWY_TARGET == HWY_AVX3
// The same with products of bfloat16.
inline void field_forward_of_pairs(const FieldShape& shape, const FieldForward<BFloat16>& field, Range tokens) {
  Scratch scratch;
  const int64_t block_rows = std::min(shape.pixels, kForwardPixels), width = shape.width, hidden = shape.hidden;
  const Matrix v1(scratch, pairs_of(width), hidden), v2(scratch, pairs_of(hidden), width);
  const Matrix x(scratch, block_rows, pairs_of(width)), h(scratch, block_rows, pairs_of(hidden));
  const Matrix a(scratch, block_rows, hidden), change(scratch, block_rows, width);
  float* scales = scratch.floats(block_rows);
  const auto put = [&](int64_t i, int64_t j, Vector v)
                       HWY_ATTR { hn::StoreU(halves(v), HalfBits(), halves_of_row(x, i) + j); };
  for (int64_t token = tokens.begin; token < tokens.end; ++token) {
    const BFloat16* w1 = field.parameters + token * shape.parameters();
    pair_columns(w1, width, true, v1);
    pair_columns(w1 + width * hidden, hidden, shape.normalise_second, v2);
    for (int64_t pixel = 0; pixel < shape.pixels; pixel += block_rows) {
      const PixelBlock block{token, pixel, std::min(block_rows, shape.pixels - pixel)};
      const BFloat16* u = field.u + block.first(shape);
      BFloat16* y = field.y + block.first(shape);
      Prefetch ahead;
      ahead.write(y, block.size(shape));
      read_ahead(shape, block, tokens, field.u, field.parameters, ahead);
      normalise_pixels(u, block.rows, width, field.norm_weight, scales, put);
      for (int64_t i = 0; i < block.rows; ++i) end_row(x, i, width);
      multiply<Pairs>(x, v1, a, block.rows, ahead);
      round_silu(a, h, block.rows);
      multiply<Pairs>(h, v2, change, block.rows, ahead);
      add_rows(u, change, block.rows, y);
    }
  }
}
#endif

// What the backward pass holds for one token.
struct BackwardScratch {
  BackwardScratch(Scratch& scratch, const FieldShape& shape, int64_t block_rows)
      : weights(scratch, shape),
        v1_t(scratch, shape.hidden, shape.width),
        v2_t(scratch, shape.width, shape.hidden),
        grad_v1(scratch, shape.width, shape.hidden),
        grad_v2(scratch, shape.hidden, shape.width),
        x(scratch, block_rows, shape.width),
        h(scratch, block_rows, shape.hidden),
        grad_y(scratch, block_rows, shape.width),
        grad_a(scratch, block_rows, shape.hidden),
        scales(scratch.floats(block_rows)) {}

  FieldWeights weights;
  Matrix v1_t, v2_t, grad_v1, grad_v2;
  Matrix x, h;  // of a block of pixels: RMSNorm(u), silu(x V1)
  Matrix grad_y, grad_a;
  float* scales;
};

template <class T>
HWY_INLINE void backward_block(const FieldShape& shape, const FieldBackward<T>& field, const PixelBlock& block,
                               const BackwardScratch& s, Prefetch& ahead) {
  const T* u = field.u + block.first(shape);
  const T* grad_y = field.grad_y + block.first(shape);
  const Result sum = block.pixel == 0 ? Result::replaced : Result::added;
  normalise_pixels(u, block.rows, field.norm_weight, s.x, s.scales);
  copy_rows(grad_y, block.rows, shape.width, s.grad_y);
  multiply(s.x, s.weights.first.v, s.h, block.rows, ahead);
  multiply(s.grad_y, s.v2_t, s.grad_a, block.rows, ahead);
  apply_silu_backward(s.h, s.grad_a, block.rows);
  multiply_transposed(s.h, s.grad_y, s.grad_v2, block.rows, sum, ahead);
  multiply_transposed(s.x, s.grad_a, s.grad_v1, block.rows, sum, ahead);
  multiply(s.grad_a, s.v1_t, s.x, block.rows, ahead);
  normalise_pixels_backward(u, block.rows, field.norm_weight, s.scales, s.x, grad_y, field.grad_u + block.first(shape),
                            field.grad_norm_weight);
}

template <class T>
void field_backward(const FieldShape& shape, const FieldBackward<T>& field, Range tokens) {
  Scratch scratch;
  const int64_t block_rows = std::min(shape.pixels, kBackwardPixels);
  const BackwardScratch s(scratch, shape, block_rows);
  for (int64_t token = tokens.begin; token < tokens.end; ++token) {
    T* grad_parameters = field.grad_parameters + token * shape.parameters();
    s.weights.read(field.parameters + token * shape.parameters());
    transpose(s.weights.first.v, s.v1_t);
    transpose(s.weights.second.v, s.v2_t);
    for (int64_t pixel = 0; pixel < shape.pixels; pixel += block_rows) {
      const PixelBlock block{token, pixel, std::min(block_rows, shape.pixels - pixel)};
      Prefetch ahead;
      ahead.write(field.grad_u + block.first(shape), block.size(shape));
      read_ahead<T>(shape, block, tokens, field.grad_y, nullptr, ahead);
      read_ahead(shape, block, tokens, field.u, field.parameters, ahead);
      if (pixel + block.rows == shape.pixels) ahead.write(grad_parameters, shape.parameters());
      backward_block(shape, field, block, s, ahead);
    }
    s.weights.write_gradient(s.grad_v1, s.grad_v2, grad_parameters);
  }
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

PIXNERD_EXPORT_WITH_PAIRS(field_forward, const FieldShape&, FieldForward)
PIXNERD_EXPORT(field_backward, const FieldShape&, FieldBackward)

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
