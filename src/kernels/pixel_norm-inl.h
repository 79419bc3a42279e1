// RMSNorm of a block of pixels on its way into a product and back. Compiled once for every instruction set.
#if defined(PIXNERD_KERNELS_PIXEL_NORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PIXNERD_KERNELS_PIXEL_NORM_INL_H_
#undef PIXNERD_KERNELS_PIXEL_NORM_INL_H_
#else
#define PIXNERD_KERNELS_PIXEL_NORM_INL_H_
#endif

#include "kernels/field_block.h"
#include "kernels/matrix-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

// put(row, column, x) for x = weight * u * scale with scale = 1 / sqrt(mean(u^2) + eps) of each row, kept in `scales`,
// which has room for whole vectors. u [rows, width].
template <class T, class Put>
HWY_INLINE void normalise_pixels(const T* u, int64_t rows, int64_t width, const float* weight, float* scales,
                                 const Put& put) {
  for (int64_t i = 0; i < rows; ++i) scales[i] = sum_of_lanes(sums_of_squares(u + i * width, width));
  const Vector mean = all(1 / static_cast<float>(width)), eps = all(kFieldNormEps);
  for (int64_t i = 0; i < rows; i += kLanes) {
    const Vector square = hn::MulAdd(load(AllLanes(), scales + i), mean, eps);
    store(AllLanes(), hn::Div(all(1), hn::Sqrt(square)), scales + i);
  }
  for (int64_t i = 0; i < rows; ++i) {
    const Vector scale = all(scales[i]);
    along_row(width, [&](auto lanes, int64_t j) HWY_ATTR {
      const Vector scaled = hn::Mul(load(lanes, u + i * width + j), scale);
      put(i, j, hn::Mul(scaled, load(lanes, weight + j)));
    });
  }
}

// The same into the rows of x.
template <class T>
HWY_INLINE void normalise_pixels(const T* u, int64_t rows, const float* weight, const Matrix& x, float* scales) {
  normalise_pixels(u, rows, x.columns, weight, scales,
                   [&](int64_t i, int64_t j, Vector v) HWY_ATTR { store(AllLanes(), v, x.row(i) + j); });
}

// From the gradient by x to that by u: grad_u = grad + scale (g - u scale^2 mean(g u)), g = weight * grad_x; `grad`
// [rows, columns], what reaches u by other ways, may be grad_u, or null. Adds sum(grad_x u scale) to grad_weight.
template <class T>
HWY_INLINE void normalise_pixels_backward(const T* u, int64_t rows, const float* weight, const float* scales,
                                          const Matrix& grad_x, const T* grad, T* grad_u, float* grad_weight) {
  const int64_t width = grad_x.columns;
  for (int64_t i = 0; i < rows; ++i, u += width, grad_u += width) {
    const float scale = scales[i];
    Vector along = all(0);
    along_row(width, [&](auto lanes, int64_t j) HWY_ATTR {
      const Vector product = hn::Mul(load(lanes, grad_x.row(i) + j), load(lanes, u + j));
      along = hn::MulAdd(product, load(lanes, weight + j), along);
      store(lanes, hn::MulAdd(product, all(scale), load(lanes, grad_weight + j)), grad_weight + j);
    });
    const float back = -scale * scale * scale * sum_of_lanes(along) / static_cast<float>(width);
    along_row(width, [&](auto lanes, int64_t j) HWY_ATTR {
      const Vector g = hn::Mul(load(lanes, grad_x.row(i) + j), load(lanes, weight + j));
      const Vector through = hn::MulAdd(g, all(scale), hn::Mul(load(lanes, u + j), all(back)));
      const Vector past = grad == nullptr ? all(0) : load(lanes, grad + i * width + j);
      store(lanes, hn::Add(past, through), grad_u + j);
    });
  }
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // the toggle
