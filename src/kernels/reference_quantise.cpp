#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/quantise_step.h"
#include "kernels/reference.h"
#include "kernels/reference_value.h"

namespace pixnerd::kernels::reference {

// In float32: in double some values would be rounded to the other side.
template <class T>
void quantise_rows(int64_t width, const QuantiseRows<T>& rounding, Range rows) {
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    const T* x = rounding.x + i * width;
    float magnitude = 0;
    for (int64_t j = 0; j < width; ++j) {
      const float value = std::abs(static_cast<float>(x[j]));
      if (std::isnan(value) || value > magnitude) magnitude = value;
      if (std::isnan(magnitude)) break;
    }
    const float inverse = inverse_step(magnitude);
    for (int64_t j = 0; j < width; ++j) {
      const float steps = std::nearbyint(static_cast<float>(x[j]) * inverse);
      rounding.q[i * width + j] = std::isnan(steps) ? 0 : static_cast<uint8_t>(steps + kZeroPoint);
    }
    rounding.scales[i] = step_of(magnitude);
  }
}

template <class T>
void scale_rows(int64_t width, const ScaleRows<T>& scaling, Range rows) {
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    for (int64_t j = 0; j < width; ++j) {
      const int64_t at = i * width + j;
      write(read(scaling.x[at]) * scaling.scales[i] + value_or_zero(scaling.bias, j), scaling.y[at]);
    }
  }
}

template <class T>
void quantise_swiglu(const SwiGLUShape& shape, const QuantiseSwiGLU<T>& gate, Range rows) {
  std::vector<float> y(static_cast<size_t>(shape.width));
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    for (int64_t j = 0; j < shape.width; ++j) {
      const int64_t at = i * shape.stride + j;
      const double a = read(gate.a[at]) * gate.scales_ab[i];
      y[static_cast<size_t>(j)] = static_cast<float>(a * sigmoid(a) * read(gate.b[at]) * gate.scales_ab[i]);
    }
    quantise_rows<float>(shape.width, {y.data(), gate.q + i * shape.width, gate.scales + i}, {0, 1});
  }
}

// In double up to the rounding, and in float32 from there.
template <class T>
void quantise_norm(const NormShape& shape, const QuantiseNorm<T>& norm, Range rows) {
  std::vector<double> x(static_cast<size_t>(shape.width)), scale(x), shift(x), y(x);
  std::vector<float> rounded(x.size());
  NormShape of_row = shape;
  of_row.rows_per_sample = 1;
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    const int64_t modulation = i / shape.rows_per_sample * shape.modulation_stride;
    for (int64_t j = 0; j < shape.width; ++j) {
      x[static_cast<size_t>(j)] = read(norm.x[i * shape.width + j]);
      scale[static_cast<size_t>(j)] = value_or_zero(norm.scale, modulation + j);
      shift[static_cast<size_t>(j)] = value_or_zero(norm.shift, modulation + j);
    }
    reference::norm_forward(of_row, NormForward<double>{x.data(), norm.weight, scale.data(), shift.data(), y.data()},
                            Range{0, 1});
    std::transform(y.begin(), y.end(), rounded.begin(), [](double value) { return static_cast<float>(value); });
    quantise_rows<float>(shape.width, {rounded.data(), norm.q + i * shape.width, norm.scales + i}, {0, 1});
  }
}

void sum_rows(int64_t width, const SumRows& of, Range rows) {
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    of.sums[i] = 0;
    for (int64_t j = 0; j < width; ++j) of.sums[i] += of.w[i * width + j];
  }
}

template void quantise_rows(int64_t, const QuantiseRows<float>&, Range);
template void quantise_rows(int64_t, const QuantiseRows<BFloat16>&, Range);
template void scale_rows(int64_t, const ScaleRows<float>&, Range);
template void scale_rows(int64_t, const ScaleRows<BFloat16>&, Range);
template void scale_rows(int64_t, const ScaleRows<double>&, Range);
template void quantise_norm(const NormShape&, const QuantiseNorm<float>&, Range);
template void quantise_norm(const NormShape&, const QuantiseNorm<BFloat16>&, Range);
template void quantise_swiglu(const SwiGLUShape&, const QuantiseSwiGLU<float>&, Range);
template void quantise_swiglu(const SwiGLUShape&, const QuantiseSwiGLU<BFloat16>&, Range);

}  // namespace pixnerd::kernels::reference
