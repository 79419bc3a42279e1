#include "kernels/field_ends.h"

#include <algorithm>

#include "kernels/reference.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/field_ends.cpp"
#include <hwy/foreach_target.h>

#include "kernels/pixel_norm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

constexpr int64_t kBlockPixels = 64;

template <class T>
void embed_forward(const FieldEndShape& shape, const EmbedForward<T>& embed, Range tokens) {
  for (int64_t token = tokens.begin; token < tokens.end; ++token) {
    for (int64_t n = 0; n < shape.pixels; ++n) {
      const T* pixel = embed.pixels + (token * shape.pixels + n) * shape.channels;
      T* u = embed.u + (token * shape.pixels + n) * shape.width;
      along_row(shape.width, [&](auto lanes, int64_t e) HWY_ATTR {
        Vector sum = load(lanes, embed.table + n * shape.width + e);
        for (int64_t c = 0; c < shape.channels; ++c) {
          sum = hn::MulAdd(all(static_cast<float>(pixel[c])), load(lanes, embed.weight + c * shape.width + e), sum);
        }
        store(lanes, sum, u + e);
      });
    }
  }
}

// to[c, e] += sum over `rows` of values[row, c] * x[row, e]; values [rows, channels].
template <class T>
HWY_INLINE void add_outer_products(const T* values, int64_t channels, const Matrix& x, int64_t rows, float* to) {
  for (int64_t c = 0; c < channels; ++c, to += x.columns) {
    along_row(x.columns, [&](auto lanes, int64_t e) HWY_ATTR {
      Vector sum = load(lanes, to + e);
      for (int64_t i = 0; i < rows; ++i) {
        sum = hn::MulAdd(all(static_cast<float>(values[i * channels + c])), load(AllLanes(), x.row(i) + e), sum);
      }
      store(lanes, sum, to + e);
    });
  }
}

// result[row, c] = x[row] . weight[c] + bias[c]; a null bias is 0.
template <class T>
HWY_INLINE void dot_rows(const Matrix& x, int64_t rows, const float* weight, const float* bias, int64_t channels,
                         T* result) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t c = 0; c < channels; ++c) {
      Vector sum = all(0);
      along_row(x.columns, [&](auto lanes, int64_t e) HWY_ATTR {
        sum = hn::MulAdd(load(lanes, x.row(i) + e), load(lanes, weight + c * x.columns + e), sum);
      });
      result[i * channels + c] = T(sum_of_lanes(sum) + (bias == nullptr ? 0 : bias[c]));
    }
  }
}

template <class T>
void embed_backward(const FieldEndShape& shape, const EmbedBackward<T>& embed, Range tokens) {
  Scratch scratch;
  const int64_t block = std::min(shape.pixels, kBlockPixels);
  const Matrix grad_u(scratch, block, shape.width);
  for (int64_t token = tokens.begin; token < tokens.end; ++token) {
    for (int64_t n = 0; n < shape.pixels; n += block) {
      const int64_t rows = std::min(block, shape.pixels - n);
      const int64_t pixel = token * shape.pixels + n;
      copy_rows(embed.grad_u + pixel * shape.width, rows, shape.width, grad_u);
      for (int64_t i = 0; i < rows; ++i) {
        float* table = embed.grad_table + (n + i) * shape.width;
        along_row(shape.width, [&](auto lanes, int64_t e) HWY_ATTR {
          store(lanes, hn::Add(load(lanes, table + e), load(AllLanes(), grad_u.row(i) + e)), table + e);
        });
      }
      add_outer_products(embed.pixels + pixel * shape.channels, shape.channels, grad_u, rows, embed.grad_weight);
      if (embed.grad_pixels != nullptr) {
        T* grad_pixels = embed.grad_pixels + pixel * shape.channels;
        dot_rows(grad_u, rows, embed.weight, nullptr, shape.channels, grad_pixels);
      }
    }
  }
}

// x = RMSNorm(u), or u itself.
template <class T>
HWY_INLINE void read_pixels(const FieldEndShape& shape, const T* u, int64_t rows, const float* norm_weight,
                            const Matrix& x, float* scales) {
  if (shape.normalise) {
    normalise_pixels(u, rows, norm_weight, x, scales);
  } else {
    copy_rows(u, rows, shape.width, x);
  }
}

template <class T>
void final_forward(const FieldEndShape& shape, const FinalForward<T>& last, Range tokens) {
  Scratch scratch;
  const Matrix x(scratch, kBlockPixels, shape.width);
  float* scales = scratch.floats(kBlockPixels);
  const int64_t end = tokens.end * shape.pixels;
  for (int64_t pixel = tokens.begin * shape.pixels; pixel < end; pixel += kBlockPixels) {
    const int64_t rows = std::min(kBlockPixels, end - pixel);
    read_pixels(shape, last.u + pixel * shape.width, rows, last.norm_weight, x, scales);
    dot_rows(x, rows, last.weight, last.bias, shape.channels, last.v + pixel * shape.channels);
  }
}

// grad_x[row, e] = sum of grad_v[row, c] * weight[c, e]; adds the sum of grad_v to grad_bias.
template <class T>
HWY_INLINE void spread_rows(const FieldEndShape& shape, const FinalBackward<T>& last, const T* grad_v, int64_t rows,
                            const Matrix& grad_x) {
  for (int64_t i = 0; i < rows; ++i, grad_v += shape.channels) {
    for (int64_t c = 0; c < shape.channels; ++c) last.grad_bias[c] += static_cast<float>(grad_v[c]);
    along_row(shape.width, [&](auto lanes, int64_t e) HWY_ATTR {
      Vector sum = all(0);
      for (int64_t c = 0; c < shape.channels; ++c) {
        sum = hn::MulAdd(all(static_cast<float>(grad_v[c])), load(lanes, last.weight + c * shape.width + e), sum);
      }
      store(AllLanes(), sum, grad_x.row(i) + e);
    });
  }
}

template <class T>
void final_backward(const FieldEndShape& shape, const FinalBackward<T>& last, Range tokens) {
  Scratch scratch;
  const Matrix x(scratch, kBlockPixels, shape.width), grad_x(scratch, kBlockPixels, shape.width);
  float* scales = scratch.floats(kBlockPixels);
  const int64_t end = tokens.end * shape.pixels;
  for (int64_t pixel = tokens.begin * shape.pixels; pixel < end; pixel += kBlockPixels) {
    const int64_t rows = std::min(kBlockPixels, end - pixel);
    const T* u = last.u + pixel * shape.width;
    const T* grad_v = last.grad_v + pixel * shape.channels;
    T* grad_u = last.grad_u + pixel * shape.width;
    read_pixels(shape, u, rows, last.norm_weight, x, scales);
    add_outer_products(grad_v, shape.channels, x, rows, last.grad_weight);
    spread_rows(shape, last, grad_v, rows, grad_x);
    if (shape.normalise) {
      normalise_pixels_backward<T>(u, rows, last.norm_weight, scales, grad_x, nullptr, grad_u, last.grad_norm_weight);
    } else {
      write_rows(grad_x, rows, grad_u);
    }
  }
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

PIXNERD_EXPORT(embed_forward, const FieldEndShape&, EmbedForward)
PIXNERD_EXPORT(embed_backward, const FieldEndShape&, EmbedBackward)
PIXNERD_EXPORT(final_forward, const FieldEndShape&, FinalForward)
PIXNERD_EXPORT(final_backward, const FieldEndShape&, FinalBackward)

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
