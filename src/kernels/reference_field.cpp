#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/reference.h"
#include "kernels/reference_value.h"

namespace pixnerd::kernels::reference {
namespace {

// Row-major, in double.
struct Matrix {
  Matrix(int64_t height, int64_t width) : rows(height), columns(width), values(static_cast<size_t>(height * width)) {}
  template <class T>
  Matrix(const T* data, int64_t height, int64_t width) : Matrix(height, width) {
    for (size_t i = 0; i < values.size(); ++i) values[i] = read(data[i]);
  }

  double& operator()(int64_t i, int64_t j) { return values[static_cast<size_t>(i * columns + j)]; }
  double operator()(int64_t i, int64_t j) const { return values[static_cast<size_t>(i * columns + j)]; }

  template <class T>
  void write(T* data) const {
    for (size_t i = 0; i < values.size(); ++i) reference::write(values[i], data[i]);
  }

  int64_t rows, columns;
  std::vector<double> values;
};

Matrix transposed(const Matrix& a) {
  Matrix t(a.columns, a.rows);
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t j = 0; j < a.columns; ++j) t(j, i) = a(i, j);
  }
  return t;
}

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c(a.rows, b.columns);
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t j = 0; j < b.columns; ++j) {
      for (int64_t k = 0; k < a.columns; ++k) c(i, j) += a(i, k) * b(k, j);
    }
  }
  return c;
}

double column_norm(const Matrix& w, int64_t j) {
  double squares = 0;
  for (int64_t i = 0; i < w.rows; ++i) squares += w(i, j) * w(i, j);
  return std::sqrt(squares);
}

Matrix unit_columns(const Matrix& w) {
  Matrix v = w;
  for (int64_t j = 0; j < w.columns; ++j) {
    const double length = std::max<double>(column_norm(w, j), kFieldNormaliseEps);
    for (int64_t i = 0; i < w.rows; ++i) v(i, j) /= length;
  }
  return v;
}

// From the gradient by unit_columns(w) to that by w.
Matrix unit_columns_backward(const Matrix& w, const Matrix& grad_v) {
  Matrix grad_w = grad_v;
  for (int64_t j = 0; j < w.columns; ++j) {
    const double norm = column_norm(w, j);
    const bool clamped = norm < kFieldNormaliseEps;
    const double length = clamped ? kFieldNormaliseEps : norm;
    double along = 0;
    for (int64_t i = 0; i < w.rows && !clamped; ++i) along += grad_v(i, j) * w(i, j) / length;
    for (int64_t i = 0; i < w.rows; ++i) grad_w(i, j) = (grad_v(i, j) - along * w(i, j) / length) / length;
  }
  return grad_w;
}

double inverse_rms(const Matrix& u, int64_t row) {
  double squares = 0;
  for (int64_t j = 0; j < u.columns; ++j) squares += u(row, j) * u(row, j);
  return 1 / std::sqrt(squares / static_cast<double>(u.columns) + kFieldNormEps);
}

Matrix rms_norm(const Matrix& u, const float* weight) {
  Matrix x = u;
  for (int64_t i = 0; i < u.rows; ++i) {
    const double scale = inverse_rms(u, i);
    for (int64_t j = 0; j < u.columns; ++j) x(i, j) *= scale * weight[j];
  }
  return x;
}

// Adds to grad_u the gradient through rms_norm, and to grad_weight.
void rms_norm_backward(const Matrix& u, const float* weight, const Matrix& grad_x, Matrix& grad_u, float* grad_weight) {
  for (int64_t j = 0; j < u.columns; ++j) {
    double sum = 0;
    for (int64_t i = 0; i < u.rows; ++i) sum += grad_x(i, j) * u(i, j) * inverse_rms(u, i);
    grad_weight[j] += static_cast<float>(sum);
  }
  for (int64_t i = 0; i < u.rows; ++i) {
    const double scale = inverse_rms(u, i);
    double along = 0;
    for (int64_t j = 0; j < u.columns; ++j) along += grad_x(i, j) * weight[j] * u(i, j) * scale;
    along /= static_cast<double>(u.columns);
    for (int64_t j = 0; j < u.columns; ++j) {
      grad_u(i, j) += scale * (grad_x(i, j) * weight[j] - u(i, j) * scale * along);
    }
  }
}

// One token's weights and hidden values.
struct Hidden {
  template <class T>
  Hidden(const FieldShape& shape, const T* u_of_token, const T* parameters, const float* norm_weight)
      : u(u_of_token, shape.pixels, shape.width),
        w1(parameters, shape.width, shape.hidden),
        w2(parameters + shape.width * shape.hidden, shape.hidden, shape.width),
        v1(unit_columns(w1)),
        v2(shape.normalise_second ? unit_columns(w2) : w2),
        x(rms_norm(u, norm_weight)),
        a(product(x, v1)),
        h(a) {
    for (double& value : h.values) value *= sigmoid(value);
  }

  Matrix u, w1, w2, v1, v2;
  Matrix x;  // RMSNorm(u)
  Matrix a;  // before silu
  Matrix h;  // after it
};

}  // namespace

template <class T>
void field_forward(const FieldShape& shape, const FieldForward<T>& field, Range tokens) {
  for (int64_t token = tokens.begin; token < tokens.end; ++token) {
    const int64_t at = token * shape.pixels * shape.width;
    const Hidden hidden(shape, field.u + at, field.parameters + token * shape.parameters(), field.norm_weight);
    Matrix y = product(hidden.h, hidden.v2);
    for (size_t i = 0; i < y.values.size(); ++i) y.values[i] += hidden.u.values[i];
    y.write(field.y + at);
  }
}

template <class T>
void field_backward(const FieldShape& shape, const FieldBackward<T>& field, Range tokens) {
  for (int64_t token = tokens.begin; token < tokens.end; ++token) {
    const int64_t at = token * shape.pixels * shape.width;
    const Hidden hidden(shape, field.u + at, field.parameters + token * shape.parameters(), field.norm_weight);
    const Matrix grad_y(field.grad_y + at, shape.pixels, shape.width);

    Matrix grad_a = product(grad_y, transposed(hidden.v2));
    for (size_t i = 0; i < grad_a.values.size(); ++i) {
      grad_a.values[i] *= silu_slope(hidden.a.values[i]);
    }
    const Matrix grad_v1 = product(transposed(hidden.x), grad_a);
    const Matrix grad_v2 = product(transposed(hidden.h), grad_y);
    const Matrix grad_w1 = unit_columns_backward(hidden.w1, grad_v1);
    const Matrix grad_w2 = shape.normalise_second ? unit_columns_backward(hidden.w2, grad_v2) : grad_v2;
    Matrix grad_u = grad_y;
    rms_norm_backward(hidden.u, field.norm_weight, product(grad_a, transposed(hidden.v1)), grad_u,
                      field.grad_norm_weight);

    grad_u.write(field.grad_u + at);
    T* grad_parameters = field.grad_parameters + token * shape.parameters();
    grad_w1.write(grad_parameters);
    grad_w2.write(grad_parameters + shape.width * shape.hidden);
  }
}

template void field_forward(const FieldShape&, const FieldForward<double>&, Range);
template void field_forward(const FieldShape&, const FieldForward<float>&, Range);
template void field_forward(const FieldShape&, const FieldForward<BFloat16>&, Range);
template void field_backward(const FieldShape&, const FieldBackward<double>&, Range);
template void field_backward(const FieldShape&, const FieldBackward<float>&, Range);
template void field_backward(const FieldShape&, const FieldBackward<BFloat16>&, Range);

}  // namespace pixnerd::kernels::reference
