#include <cmath>
#include <vector>

#include "kernels/reference.h"
#include "kernels/reference_value.h"

namespace pixnerd::kernels::reference {
namespace {

// 1 / rms of a pixel's values, or 1 where the shape does not normalise.
template <class T>
double pixel_scale(const FieldEndShape& shape, const T* u) {
  if (!shape.normalise) return 1;
  double squares = 0;
  for (int64_t e = 0; e < shape.width; ++e) squares += read(u[e]) * read(u[e]);
  return 1 / std::sqrt(squares / static_cast<double>(shape.width) + kFieldNormEps);
}

}  // namespace

template <class T>
void embed_forward(const FieldEndShape& shape, const EmbedForward<T>& embed, Range tokens) {
  for (int64_t i = tokens.begin * shape.pixels; i < tokens.end * shape.pixels; ++i) {
    for (int64_t e = 0; e < shape.width; ++e) {
      double u = embed.table[i % shape.pixels * shape.width + e];
      for (int64_t c = 0; c < shape.channels; ++c) {
        u += read(embed.pixels[i * shape.channels + c]) * embed.weight[c * shape.width + e];
      }
      write(u, embed.u[i * shape.width + e]);
    }
  }
}

template <class T>
void embed_backward(const FieldEndShape& shape, const EmbedBackward<T>& embed, Range tokens) {
  for (int64_t i = tokens.begin * shape.pixels; i < tokens.end * shape.pixels; ++i) {
    const T* grad_u = embed.grad_u + i * shape.width;
    for (int64_t e = 0; e < shape.width; ++e) {
      embed.grad_table[i % shape.pixels * shape.width + e] += static_cast<float>(read(grad_u[e]));
    }
    for (int64_t c = 0; c < shape.channels; ++c) {
      double sum = 0;
      for (int64_t e = 0; e < shape.width; ++e) {
        sum += read(grad_u[e]) * embed.weight[c * shape.width + e];
        embed.grad_weight[c * shape.width + e] +=
            static_cast<float>(read(grad_u[e]) * read(embed.pixels[i * shape.channels + c]));
      }
      if (embed.grad_pixels != nullptr) write(sum, embed.grad_pixels[i * shape.channels + c]);
    }
  }
}

template <class T>
void final_forward(const FieldEndShape& shape, const FinalForward<T>& last, Range tokens) {
  for (int64_t i = tokens.begin * shape.pixels; i < tokens.end * shape.pixels; ++i) {
    const T* u = last.u + i * shape.width;
    const double scale = pixel_scale(shape, u);
    for (int64_t c = 0; c < shape.channels; ++c) {
      double v = last.bias[c];
      for (int64_t e = 0; e < shape.width; ++e) {
        const double norm_weight = shape.normalise ? last.norm_weight[e] : 1;
        v += read(u[e]) * scale * norm_weight * last.weight[c * shape.width + e];
      }
      write(v, last.v[i * shape.channels + c]);
    }
  }
}

template <class T>
void final_backward(const FieldEndShape& shape, const FinalBackward<T>& last, Range tokens) {
  for (int64_t i = tokens.begin * shape.pixels; i < tokens.end * shape.pixels; ++i) {
    const T* u = last.u + i * shape.width;
    const T* grad_v = last.grad_v + i * shape.channels;
    const double scale = pixel_scale(shape, u);
    std::vector<double> grad(static_cast<size_t>(shape.width));  // by u * scale
    double mean = 0;
    for (int64_t e = 0; e < shape.width; ++e) {
      const double norm_weight = shape.normalise ? last.norm_weight[e] : 1;
      double g = 0;
      for (int64_t c = 0; c < shape.channels; ++c) {
        g += read(grad_v[c]) * last.weight[c * shape.width + e];
        last.grad_weight[c * shape.width + e] += static_cast<float>(read(grad_v[c]) * read(u[e]) * scale * norm_weight);
      }
      if (shape.normalise) last.grad_norm_weight[e] += static_cast<float>(g * read(u[e]) * scale);
      grad[e] = g * norm_weight;
      if (shape.normalise) mean += grad[e] * read(u[e]) * scale / static_cast<double>(shape.width);
    }
    for (int64_t c = 0; c < shape.channels; ++c) last.grad_bias[c] += static_cast<float>(read(grad_v[c]));
    for (int64_t e = 0; e < shape.width; ++e) {
      write(scale * (grad[e] - read(u[e]) * scale * mean), last.grad_u[i * shape.width + e]);
    }
  }
}

#define PIXNERD_INSTANTIATE(T)                                                        \
  template void embed_forward(const FieldEndShape&, const EmbedForward<T>&, Range);   \
  template void embed_backward(const FieldEndShape&, const EmbedBackward<T>&, Range); \
  template void final_forward(const FieldEndShape&, const FinalForward<T>&, Range);   \
  template void final_backward(const FieldEndShape&, const FinalBackward<T>&, Range);
PIXNERD_INSTANTIATE(double)
PIXNERD_INSTANTIATE(float)
PIXNERD_INSTANTIATE(BFloat16)
#undef PIXNERD_INSTANTIATE

}  // namespace pixnerd::kernels::reference
