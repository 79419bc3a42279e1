#include "kernels/rms_norm.h"

#include <algorithm>
#include <cmath>

#include "kernels/reference.h"
#include "kernels/scratch.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rms_norm.cpp"
#include <hwy/foreach_target.h>

#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

// What multiplies the normalised row of one sample: weight * (1 + scale).
template <class T>
HWY_INLINE void read_factor(int64_t width, const float* weight, const T* scale, float* factor) {
  along_row(width, [&](auto lanes, int64_t j) HWY_ATTR {
    const Vector w = load(lanes, weight + j);
    store(AllLanes(), scale == nullptr ? w : hn::MulAdd(w, load(lanes, scale + j), w), factor + j);
  });
}

HWY_INLINE float inverse_rms(Vector squares, const NormShape& shape) {
  return 1 / std::sqrt(sum_of_lanes(squares) / static_cast<float>(shape.width) + shape.eps);
}

template <class T>
HWY_INLINE void forward_row(const NormShape& shape, const T* x, const float* factor, const T* shift, T* y) {
  Vector squares = all(0);
  along_row(shape.width, [&](auto lanes, int64_t j) HWY_ATTR {
    const Vector value = load(lanes, x + j);
    squares = hn::MulAdd(value, value, squares);
  });
  const Vector inverse = all(inverse_rms(squares, shape));
  along_row(shape.width, [&](auto lanes, int64_t j) HWY_ATTR {
    const Vector scaled = hn::Mul(load(lanes, x + j), inverse);
    const Vector offset = shift == nullptr ? all(0) : load(lanes, shift + j);
    store(lanes, hn::MulAdd(scaled, load(AllLanes(), factor + j), offset), y + j);
  });
}

template <class T>
HWY_INLINE void forward_rows(const NormShape& shape, const NormForward<T>& norm, Range rows) {
  Scratch scratch;
  float* factor = scratch.floats(shape.width);
  for (int64_t row = rows.begin; row < rows.end;) {
    const int64_t sample = row / shape.rows_per_sample;
    const int64_t modulation = sample * shape.modulation_stride;
    const int64_t end = std::min(rows.end, (sample + 1) * shape.rows_per_sample);
    read_factor(shape.width, norm.weight, norm.scale == nullptr ? nullptr : norm.scale + modulation, factor);
    const T* shift = norm.shift == nullptr ? nullptr : norm.shift + modulation;
    for (; row < end; ++row) {
      forward_row(shape, norm.x + row * shape.width, factor, shift, norm.y + row * shape.width);
    }
  }
}

// Per channel of one sample, over its rows.
struct SampleSums {
  SampleSums(Scratch& scratch, int64_t width)
      : factor(scratch.floats(width)), products(scratch.floats(width)), gradients(scratch.floats(width)) {}

  float* factor;     // weight * (1 + scale)
  float* products;   // sum of grad_y * x / rms(x)
  float* gradients;  // sum of grad_y
};

template <class T>
HWY_INLINE void backward_row(const NormShape& shape, const T* x, const T* grad_y, const SampleSums& sums, T* grad_x) {
  Vector squares = all(0), along = all(0);
  along_row(shape.width, [&](auto lanes, int64_t j) HWY_ATTR {
    const Vector value = load(lanes, x + j);
    const Vector g = hn::Mul(load(lanes, grad_y + j), load(AllLanes(), sums.factor + j));
    squares = hn::MulAdd(value, value, squares);
    along = hn::MulAdd(g, value, along);
  });
  const float inverse = inverse_rms(squares, shape);
  const float back = -inverse * inverse * inverse * sum_of_lanes(along) / static_cast<float>(shape.width);
  along_row(shape.width, [&](auto lanes, int64_t j) HWY_ATTR {
    const Vector value = load(lanes, x + j), g = load(lanes, grad_y + j);
    const Vector product = hn::MulAdd(g, hn::Mul(value, all(inverse)), load(AllLanes(), sums.products + j));
    store(AllLanes(), product, sums.products + j);
    store(AllLanes(), hn::Add(g, load(AllLanes(), sums.gradients + j)), sums.gradients + j);
    const Vector across = hn::Mul(hn::Mul(g, load(AllLanes(), sums.factor + j)), all(inverse));
    store(lanes, hn::MulAdd(value, all(back), across), grad_x + j);
  });
}

template <class T>
HWY_INLINE void add_sample(const NormShape& shape, const NormBackward<T>& norm, const SampleSums& sums,
                           int64_t modulation) {
  along_row(shape.width, [&](auto lanes, int64_t j) HWY_ATTR {
    const Vector product = load(AllLanes(), sums.products + j);
    const Vector scale = norm.scale == nullptr ? all(0) : load(lanes, norm.scale + modulation + j);
    const Vector scaled = hn::MulAdd(product, scale, product);
    store(lanes, hn::Add(load(lanes, norm.grad_weight + j), scaled), norm.grad_weight + j);
    if (norm.grad_scale != nullptr) {
      float* to = norm.grad_scale + modulation + j;
      store(lanes, hn::MulAdd(product, load(lanes, norm.weight + j), load(lanes, to)), to);
    }
    if (norm.grad_shift != nullptr) {
      float* to = norm.grad_shift + modulation + j;
      store(lanes, hn::Add(load(AllLanes(), sums.gradients + j), load(lanes, to)), to);
    }
  });
}

template <class T>
HWY_INLINE void backward_rows(const NormShape& shape, const NormBackward<T>& norm, Range rows) {
  Scratch scratch;
  const SampleSums sums(scratch, shape.width);
  for (int64_t row = rows.begin; row < rows.end;) {
    const int64_t sample = row / shape.rows_per_sample;
    const int64_t modulation = sample * shape.modulation_stride;
    const int64_t end = std::min(rows.end, (sample + 1) * shape.rows_per_sample);
    read_factor(shape.width, norm.weight, norm.scale == nullptr ? nullptr : norm.scale + modulation, sums.factor);
    std::fill_n(sums.products, shape.width, 0.0F);
    std::fill_n(sums.gradients, shape.width, 0.0F);
    for (; row < end; ++row) {
      const int64_t at = row * shape.width;
      backward_row(shape, norm.x + at, norm.grad_y + at, sums, norm.grad_x + at);
    }
    add_sample(shape, norm, sums, modulation);
  }
}

void norm_forward(const NormShape& shape, const NormForward<float>& norm, Range rows) {
  forward_rows(shape, norm, rows);
}

void norm_forward(const NormShape& shape, const NormForward<BFloat16>& norm, Range rows) {
  forward_rows(shape, norm, rows);
}

void norm_backward(const NormShape& shape, const NormBackward<float>& norm, Range rows) {
  backward_rows(shape, norm, rows);
}

void norm_backward(const NormShape& shape, const NormBackward<BFloat16>& norm, Range rows) {
  backward_rows(shape, norm, rows);
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

template <class T>
void norm_forward(const NormShape& shape, const NormForward<T>& norm, Range rows, Isa isa) {
  PIXNERD_CALL_FOR(isa, norm_forward(shape, norm, rows))
}

template <class T>
void norm_backward(const NormShape& shape, const NormBackward<T>& norm, Range rows, Isa isa) {
  PIXNERD_CALL_FOR(isa, norm_backward(shape, norm, rows))
}

template void norm_forward(const NormShape&, const NormForward<float>&, Range, Isa);
template void norm_forward(const NormShape&, const NormForward<BFloat16>&, Range, Isa);
template void norm_backward(const NormShape&, const NormBackward<float>&, Range, Isa);
template void norm_backward(const NormShape&, const NormBackward<BFloat16>&, Range, Isa);

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
