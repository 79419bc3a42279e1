// What both passes of the neural field's block share: a token's weights in float32, its pixels in runs, what is fetched
// ahead. Compiled once for every instruction set.
#if defined(PIXNERD_KERNELS_FIELD_PIXELS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PIXNERD_KERNELS_FIELD_PIXELS_INL_H_
#undef PIXNERD_KERNELS_FIELD_PIXELS_INL_H_
#else
#define PIXNERD_KERNELS_FIELD_PIXELS_INL_H_
#endif

#include <algorithm>

#include "kernels/field_weights-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

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

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // the toggle
