#include <cmath>
#include <vector>

#include "kernels/reference.h"
#include "kernels/reference_value.h"

namespace pixnerd::kernels::reference {
namespace {

template <class T>
double inverse_rms(const T* x, int64_t width, double eps) {
  double squares = 0;
  for (int64_t j = 0; j < width; ++j) squares += read(x[j]) * read(x[j]);
  return 1 / std::sqrt(squares / static_cast<double>(width) + eps);
}

void add_if_wanted(float* gradients, int64_t i, double value) {
  if (gradients != nullptr) gradients[i] += static_cast<float>(value);
}

// grad_x from the gradients by x / rms(x), which are overwritten by it; adds nothing.
template <class T>
void inverse_rms_backward(const T* x, std::vector<double>& grad, double eps) {
  const auto width = static_cast<int64_t>(grad.size());
  const double scale = inverse_rms(x, width, eps);
  double mean = 0;
  for (int64_t j = 0; j < width; ++j) mean += grad[j] * read(x[j]) * scale / static_cast<double>(width);
  for (int64_t j = 0; j < width; ++j) grad[j] = scale * (grad[j] - read(x[j]) * scale * mean);
}

// Where a head of a token begins.
int64_t place(const RotaryShape& shape, const HeadStrides& strides, int64_t token, int64_t head) {
  return token / shape.positions * strides.sample + token % shape.positions * strides.position + head * strides.head;
}

// (a, b) turned by the pair's angle, or back by it.
void rotate(const RotaryShape& shape, const float* table, int64_t token, double direction, std::vector<double>& x) {
  if (table == nullptr) return;
  const float* of_token = table + token % shape.positions * shape.width;
  for (int64_t j = 0; j < shape.width; j += 2) {
    const double cos = of_token[j], sin = direction * of_token[j + 1];
    const double a = x[j], b = x[j + 1];
    x[j] = a * cos - b * sin;
    x[j + 1] = a * sin + b * cos;
  }
}

}  // namespace

template <class T>
void norm_forward(const NormShape& shape, const NormForward<T>& norm, Range rows) {
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    const int64_t row = i * shape.width, sample = i / shape.rows_per_sample * shape.modulation_stride;
    const double inverse = inverse_rms(norm.x + row, shape.width, shape.eps);
    for (int64_t j = 0; j < shape.width; ++j) {
      const double y = read(norm.x[row + j]) * inverse * norm.weight[j];
      write(y * (1 + value_or_zero(norm.scale, sample + j)) + value_or_zero(norm.shift, sample + j), norm.y[row + j]);
    }
  }
}

template <class T>
void norm_backward(const NormShape& shape, const NormBackward<T>& norm, Range rows) {
  std::vector<double> grad(static_cast<size_t>(shape.width));
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    const int64_t row = i * shape.width, sample = i / shape.rows_per_sample * shape.modulation_stride;
    const double inverse = inverse_rms(norm.x + row, shape.width, shape.eps);
    for (int64_t j = 0; j < shape.width; ++j) {
      const double scale = 1 + value_or_zero(norm.scale, sample + j);
      const double g = read(norm.grad_y[row + j]), x = read(norm.x[row + j]) * inverse;
      grad[j] = g * norm.weight[j] * scale;
      norm.grad_weight[j] += static_cast<float>(g * x * scale);
      add_if_wanted(norm.grad_scale, sample + j, g * x * norm.weight[j]);
      add_if_wanted(norm.grad_shift, sample + j, g);
    }
    inverse_rms_backward(norm.x + row, grad, shape.eps);
    for (int64_t j = 0; j < shape.width; ++j) write(grad[j], norm.grad_x[row + j]);
  }
}

template <class T>
void column_sums(const SumShape& shape, const ColumnSums<T>& of, Range columns) {
  for (int64_t j = columns.begin; j < columns.end; ++j) {
    double sum = 0;
    for (int64_t i = 0; i < shape.rows; ++i) sum += read(of.x[i * shape.width + j]);
    of.sums[j] = static_cast<float>(sum);
  }
}

template <class T>
void gate_forward(const GateShape& shape, const GateForward<T>& residual, Range rows) {
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    const int64_t row = i * shape.width, sample = i / shape.rows_per_sample * shape.gate_stride;
    for (int64_t j = 0; j < shape.width; ++j) {
      const double gated = read(residual.gate[sample + j]) * read(residual.h[row + j]);
      write(read(residual.x[row + j]) + gated, residual.y[row + j]);
    }
  }
}

template <class T>
void gate_backward(const GateShape& shape, const GateBackward<T>& residual, Range rows) {
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    const int64_t row = i * shape.width, sample = i / shape.rows_per_sample * shape.gate_stride;
    for (int64_t j = 0; j < shape.width; ++j) {
      const double g = read(residual.grad_y[row + j]);
      residual.grad_gate[sample + j] += static_cast<float>(g * read(residual.h[row + j]));
      write(g * read(residual.gate[sample + j]), residual.grad_h[row + j]);
    }
  }
}

template <class T>
void rotary_forward(const RotaryShape& shape, const RotaryForward<T>& rotary, Range tokens) {
  std::vector<double> n(static_cast<size_t>(shape.width));
  for (int64_t token = tokens.begin; token < tokens.end; ++token) {
    for (int64_t head = 0; head < shape.heads; ++head) {
      const T* x = rotary.x + place(shape, shape.x, token, head);
      T* y = rotary.y + place(shape, shape.y, token, head);
      const double inverse = inverse_rms(x, shape.width, shape.eps);
      for (int64_t j = 0; j < shape.width; ++j) n[j] = read(x[j]) * inverse * rotary.weight[j];
      rotate(shape, rotary.table, token, 1, n);
      for (int64_t j = 0; j < shape.width; ++j) write(n[j], y[j]);
    }
  }
}

template <class T>
void rotary_backward(const RotaryShape& shape, const RotaryBackward<T>& rotary, Range tokens) {
  std::vector<double> grad(static_cast<size_t>(shape.width));
  for (int64_t token = tokens.begin; token < tokens.end; ++token) {
    for (int64_t head = 0; head < shape.heads; ++head) {
      const T* x = rotary.x + place(shape, shape.x, token, head);
      T* grad_x = rotary.grad_x + place(shape, shape.x, token, head);
      const T* grad_y = rotary.grad_y + place(shape, shape.y, token, head);
      const double inverse = inverse_rms(x, shape.width, shape.eps);
      for (int64_t j = 0; j < shape.width; ++j) grad[j] = read(grad_y[j]);
      rotate(shape, rotary.table, token, -1, grad);
      for (int64_t j = 0; j < shape.width; ++j) {
        rotary.grad_weight[j] += static_cast<float>(grad[j] * read(x[j]) * inverse);
        grad[j] *= rotary.weight[j];
      }
      inverse_rms_backward(x, grad, shape.eps);
      for (int64_t j = 0; j < shape.width; ++j) write(grad[j], grad_x[j]);
    }
  }
}

template <class T>
void swiglu_forward(const SwiGLUShape& shape, const SwiGLUForward<T>& gate, Range rows) {
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    for (int64_t j = 0; j < shape.width; ++j) {
      const double a = read(gate.a[i * shape.stride + j]), b = read(gate.b[i * shape.stride + j]);
      write(a * sigmoid(a) * b, gate.y[i * shape.width + j]);
    }
  }
}

template <class T>
void swiglu_backward(const SwiGLUShape& shape, const SwiGLUBackward<T>& gate, Range rows) {
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    for (int64_t j = 0; j < shape.width; ++j) {
      const int64_t at = i * shape.stride + j;
      const double a = read(gate.a[at]), b = read(gate.b[at]), g = read(gate.grad_y[i * shape.width + j]);
      write(g * b * silu_slope(a), gate.grad_a[at]);
      write(g * a * sigmoid(a), gate.grad_b[at]);
    }
  }
}

#define PIXNERD_INSTANTIATE(T)                                                        \
  template void norm_forward(const NormShape&, const NormForward<T>&, Range);         \
  template void norm_backward(const NormShape&, const NormBackward<T>&, Range);       \
  template void column_sums(const SumShape&, const ColumnSums<T>&, Range);            \
  template void gate_forward(const GateShape&, const GateForward<T>&, Range);         \
  template void gate_backward(const GateShape&, const GateBackward<T>&, Range);       \
  template void rotary_forward(const RotaryShape&, const RotaryForward<T>&, Range);   \
  template void rotary_backward(const RotaryShape&, const RotaryBackward<T>&, Range); \
  template void swiglu_forward(const SwiGLUShape&, const SwiGLUForward<T>&, Range);   \
  template void swiglu_backward(const SwiGLUShape&, const SwiGLUBackward<T>&, Range);
PIXNERD_INSTANTIATE(double)
PIXNERD_INSTANTIATE(float)
PIXNERD_INSTANTIATE(BFloat16)
#undef PIXNERD_INSTANTIATE

}  // namespace pixnerd::kernels::reference
