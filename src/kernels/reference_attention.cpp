#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/reference.h"
#include "kernels/reference_value.h"

namespace pixnerd::kernels::reference {
namespace {

template <class T>
double inner(const T* a, const T* b, int64_t width) {
  double sum = 0;
  for (int64_t c = 0; c < width; ++c) sum += read(a[c]) * read(b[c]);
  return sum;
}

// Where a row of queries stands in y.
int64_t place_in_y(const AttentionShape& shape, int64_t row) {
  const int64_t head = row / shape.queries, sample = head / shape.heads;
  return ((sample * shape.queries + row % shape.queries) * shape.heads + head % shape.heads) * shape.width;
}

template <class T>
void add_scaled(double factor, const T* x, int64_t width, double* sums) {
  for (int64_t c = 0; c < width; ++c) sums[c] += factor * read(x[c]);
}

template <class T>
void write_all(const std::vector<double>& values, T* to) {
  for (const double value : values) write(value, *to++);
}

}  // namespace

template <class T>
void attention_forward(const AttentionShape& shape, const AttentionForward<T>& attention, Range heads) {
  const int64_t width = shape.width;
  std::vector<double> scores(static_cast<size_t>(shape.keys));
  for (int64_t row = heads.begin * shape.queries; row < heads.end * shape.queries; ++row) {
    const int64_t keys = row / shape.queries * shape.keys * width;
    for (size_t j = 0; j < scores.size(); ++j) {
      const T* k = attention.k + keys + static_cast<int64_t>(j) * width;
      scores[j] = inner(attention.q + row * width, k, width) / std::sqrt(static_cast<double>(width));
    }
    const double most = *std::max_element(scores.begin(), scores.end());
    double sum = 0;
    for (double& score : scores) sum += score = std::exp(score - most);
    std::vector<double> mean(static_cast<size_t>(width));
    for (size_t j = 0; j < scores.size(); ++j) {
      add_scaled(scores[j] / sum, attention.v + keys + static_cast<int64_t>(j) * width, width, mean.data());
    }
    write_all(mean, attention.y + place_in_y(shape, row));
    if (attention.log_sums != nullptr) attention.log_sums[row] = static_cast<float>(most + std::log(sum));
  }
}

template <class T>
void attention_backward(const AttentionShape& shape, const AttentionBackward<T>& attention, Range heads) {
  const int64_t width = shape.width;
  const double factor = 1 / std::sqrt(static_cast<double>(width));
  const auto queries_size = static_cast<size_t>(shape.queries * width),
             keys_size = static_cast<size_t>(shape.keys * width);
  for (int64_t head = heads.begin; head < heads.end; ++head) {
    std::vector<double> grad_q(queries_size), grad_k(keys_size), grad_v(keys_size);
    const T *head_k = attention.k + head * shape.keys * width, *head_v = attention.v + head * shape.keys * width;
    for (int64_t i = 0; i < shape.queries; ++i) {
      const int64_t row = head * shape.queries + i;
      const T *q = attention.q + row * width, *g = attention.grad_y + place_in_y(shape, row);
      const double offset = inner(g, attention.y + place_in_y(shape, row), width);
      for (int64_t j = 0; j < shape.keys; ++j) {
        const T *k = head_k + j * width, *v = head_v + j * width;
        const double p = std::exp(factor * inner(q, k, width) - double{attention.log_sums[row]});
        const double s = factor * p * (inner(g, v, width) - offset);
        add_scaled(p, g, width, grad_v.data() + j * width);
        add_scaled(s, q, width, grad_k.data() + j * width);
        add_scaled(s, k, width, grad_q.data() + i * width);
      }
    }
    write_all(grad_q, attention.grad_q + head * shape.queries * width);
    write_all(grad_k, attention.grad_k + head * shape.keys * width);
    write_all(grad_v, attention.grad_v + head * shape.keys * width);
  }
}

template void attention_forward(const AttentionShape&, const AttentionForward<float>&, Range);
template void attention_forward(const AttentionShape&, const AttentionForward<BFloat16>&, Range);
template void attention_forward(const AttentionShape&, const AttentionForward<double>&, Range);
template void attention_backward(const AttentionShape&, const AttentionBackward<float>&, Range);
template void attention_backward(const AttentionShape&, const AttentionBackward<BFloat16>&, Range);
template void attention_backward(const AttentionShape&, const AttentionBackward<double>&, Range);

}  // namespace pixnerd::kernels::reference
