#include "kernels/rms_norm.h"

#include <algorithm>

#include "kernels/reference.h"
#include "kernels/scratch.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rms_norm.cpp"
#include <hwy/foreach_target.h>

#include "kernels/norm_row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

template <class T>
void norm_forward(const NormShape& shape, const NormForward<T>& norm, Range rows) {
  Scratch scratch;
  float* factor = scratch.floats(shape.width);
  along_samples(shape, norm, rows, factor, [&](int64_t row, const T* shift) HWY_ATTR {
    T* y = norm.y + row * shape.width;
    normalise_row(shape, norm.x + row * shape.width, factor, shift,
                  [&](auto lanes, int64_t j, Vector value) HWY_ATTR { store(lanes, value, y + j); });
  });
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
  const float inverse = inverse_rms(squares, shape.width, shape.eps);
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
void norm_backward(const NormShape& shape, const NormBackward<T>& norm, Range rows) {
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

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

PIXNERD_EXPORT(norm_forward, const NormShape&, NormForward)
PIXNERD_EXPORT(norm_backward, const NormShape&, NormBackward)

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
