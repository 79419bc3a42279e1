#include "kernels/field_block.h"

#include <algorithm>

#include "kernels/reference.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/field_block.cpp"
#include <hwy/foreach_target.h>

#include "kernels/field_pixels-inl.h"
#include "kernels/multiply-inl.h"
#include "kernels/pixel_norm-inl.h"
#include "kernels/sigmoid-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

// Pixels that go through the block together: few enough that their hidden values stay in the second-level cache.
constexpr int64_t kForwardPixels = 32;

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

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

PIXNERD_EXPORT_WITH_PAIRS(field_forward, const FieldShape&, FieldForward)

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
