#include <algorithm>
#include <cstring>

#include "kernels/field_block.h"
#include "kernels/reference.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/field_backward.cpp"
#include <hwy/foreach_target.h>

#include "kernels/field_pixels-inl.h"
#include "kernels/multiply-inl.h"
#include "kernels/pixel_norm-inl.h"
#include "kernels/sigmoid-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

// Pixels that go through the block together: few enough that their hidden values stay in the second-level cache.
constexpr int64_t kBackwardPixels = 128;

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
HWY_INLINE void read_weights(const T* parameters, const BackwardScratch& s) {
  s.weights.read(parameters);
  transpose(s.weights.first.v, s.v1_t);
  transpose(s.weights.second.v, s.v2_t);
}

#if HWY_TARGET == HWY_AVX3
// The same of products of bfloat16: all but grad_v1, grad_v2 and the three results of a block are operands in pairs.
struct PairScratch {
  PairScratch(Scratch& scratch, const FieldShape& shape, int64_t block_rows)
      : weights(scratch, shape),
        v1(scratch, pairs_of(shape.width), shape.hidden),
        v1_t(scratch, pairs_of(shape.hidden), shape.width),
        v2_t(scratch, pairs_of(shape.width), shape.hidden),
        rounded_v1(scratch, shape.width, pairs_of(shape.hidden)),
        rounded_v2(scratch, shape.hidden, pairs_of(shape.width)),
        grad_v1(scratch, shape.width, shape.hidden),
        grad_v2(scratch, shape.hidden, shape.width),
        x(scratch, block_rows, pairs_of(shape.width)),
        grad_y(scratch, block_rows, pairs_of(shape.width)),
        grad_a(scratch, block_rows, pairs_of(shape.hidden)),
        joined_x(scratch, pairs_of(block_rows), shape.width),
        joined_grad_y(scratch, pairs_of(block_rows), shape.width),
        joined_h(scratch, pairs_of(block_rows), shape.hidden),
        joined_grad_a(scratch, pairs_of(block_rows), shape.hidden),
        a(scratch, block_rows, shape.hidden),
        grad_h(scratch, block_rows, shape.hidden),
        grad_x(scratch, block_rows, shape.width),
        scales(scratch.floats(round_up(block_rows, kLanes))) {}

  FieldWeights weights;
  Matrix v1, v1_t, v2_t, rounded_v1, rounded_v2, grad_v1, grad_v2;
  Matrix x, grad_y, grad_a;                                 // pairs of a row
  Matrix joined_x, joined_grad_y, joined_h, joined_grad_a;  // pairs of two pixels
  Matrix a, grad_h, grad_x;
  float* scales;
};

// Rows of floats as rows of pairs.
inline void round_rows(const Matrix& from, const Matrix& to) {
  for (int64_t i = 0; i < from.rows; ++i) {
    for (int64_t j = 0; j < from.columns; j += kLanes) {
      hn::StoreU(halves(load(AllLanes(), from.row(i) + j)), HalfBits(), halves_of_row(to, i) + j);
    }
    end_row(to, i, from.columns);
  }
}

// `rows` rows of `width` values, `stride` values apart, as pairs of two rows.
inline void join_all(const BFloat16* from, int64_t stride, int64_t rows, int64_t width, const Matrix& to) {
  for (int64_t i = 0; i < rows; i += 2, from += 2 * stride) {
    join_rows(from, i + 1 < rows ? from + stride : nullptr, width, to.row(i / 2));
  }
}

inline HWY_NOINLINE void read_weights(const BFloat16* parameters, const PairScratch& s) {
  s.weights.read(parameters);
  const Matrix &v1 = s.weights.first.v, &v2 = s.weights.second.v;
  round_rows(v1, s.rounded_v1);
  round_rows(v2, s.rounded_v2);
  transpose(s.rounded_v1, s.v1_t);
  transpose(s.rounded_v2, s.v2_t);
  const auto* rounded = reinterpret_cast<const BFloat16*>(s.rounded_v1.data);
  join_all(rounded, 2 * s.rounded_v1.stride, v1.rows, v1.columns, s.v1);
}

// h and the gradient by a from a and the gradient by h.
inline HWY_NOINLINE void pair_silu_backward(const PairScratch& s, int64_t rows) {
  for (int64_t i = 0; i < rows; i += 2) {
    const int64_t count = std::min<int64_t>(2, rows - i);
    for (int64_t j = 0; j < s.a.columns; j += kLanes) {
      Vector h[2] = {all(0), all(0)}, grad_a[2] = {all(0), all(0)};
      for (int64_t k = 0; k < count; ++k) {
        const Vector x = load(AllLanes(), s.a.row(i + k) + j);
        const Vector sigmoid = rough_sigmoid(x);
        h[k] = hn::Mul(x, sigmoid);
        const Vector slope = hn::Add(sigmoid, hn::NegMulAdd(h[k], sigmoid, h[k]));  // sigmoid (1 + x (1 - sigmoid))
        grad_a[k] = hn::Mul(slope, load(AllLanes(), s.grad_h.row(i + k) + j));
        hn::StoreU(halves(grad_a[k]), HalfBits(), halves_of_row(s.grad_a, i + k) + j);
      }
      store(AllLanes(), join(h[0], h[1]), s.joined_h.row(i / 2) + j);
      store(AllLanes(), join(grad_a[0], grad_a[1]), s.joined_grad_a.row(i / 2) + j);
    }
    for (int64_t k = 0; k < count; ++k) end_row(s.grad_a, i + k, s.a.columns);
  }
}

inline void backward_block(const FieldShape& shape, const FieldBackward<BFloat16>& field, const PixelBlock& block,
                           const PairScratch& s, Prefetch& ahead) {
  const BFloat16 *u = field.u + block.first(shape), *grad_y = field.grad_y + block.first(shape);
  const int64_t width = shape.width, rows = block.rows;
  const Result sum = block.pixel == 0 ? Result::replaced : Result::added;
  normalise_pixels(u, rows, width, field.norm_weight, s.scales, [&](int64_t i, int64_t j, Vector v) HWY_ATTR {
    hn::StoreU(halves(v), HalfBits(), halves_of_row(s.x, i) + j);
  });
  for (int64_t i = 0; i < rows; ++i) {
    std::memcpy(s.grad_y.row(i), grad_y + i * width, static_cast<size_t>(width) * sizeof(BFloat16));
    end_row(s.x, i, width);
    end_row(s.grad_y, i, width);
  }
  join_all(reinterpret_cast<const BFloat16*>(s.x.data), 2 * s.x.stride, rows, width, s.joined_x);
  join_all(grad_y, width, rows, width, s.joined_grad_y);
  multiply<Pairs>(s.x, s.v1, s.a, rows, ahead);
  multiply<Pairs>(s.grad_y, s.v2_t, s.grad_h, rows, ahead);
  pair_silu_backward(s, rows);
  multiply_transposed<Pairs>(s.joined_h, s.joined_grad_y, s.grad_v2, pairs_of(rows), sum, ahead);
  multiply_transposed<Pairs>(s.joined_x, s.joined_grad_a, s.grad_v1, pairs_of(rows), sum, ahead);
  multiply<Pairs>(s.grad_a, s.v1_t, s.grad_x, rows, ahead);
  normalise_pixels_backward(u, rows, field.norm_weight, s.scales, s.grad_x, grad_y, field.grad_u + block.first(shape),
                            field.grad_norm_weight);
}

#endif

template <class Work, class T>
void backward_by(const FieldShape& shape, const FieldBackward<T>& field, Range tokens) {
  Scratch scratch;
  const int64_t block_rows = std::min(shape.pixels, kBackwardPixels);
  const Work s(scratch, shape, block_rows);
  for (int64_t token = tokens.begin; token < tokens.end; ++token) {
    T* grad_parameters = field.grad_parameters + token * shape.parameters();
    read_weights(field.parameters + token * shape.parameters(), s);
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

template <class T>
void field_backward(const FieldShape& shape, const FieldBackward<T>& field, Range tokens) {
  backward_by<BackwardScratch>(shape, field, tokens);
}

#if HWY_TARGET == HWY_AVX3
inline void field_backward_of_pairs(const FieldShape& shape, const FieldBackward<BFloat16>& field, Range tokens) {
  backward_by<PairScratch>(shape, field, tokens);
}
#endif

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

PIXNERD_EXPORT_WITH_PAIRS(field_backward, const FieldShape&, FieldBackward)

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
