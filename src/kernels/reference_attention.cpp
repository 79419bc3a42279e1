#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/reference.h"
#include "kernels/reference_value.h"

namespace pixnerd::kernels::reference {

template <class T>
void attention_forward(const AttentionShape& shape, const AttentionForward<T>& attention, Range heads) {
  const int64_t width = shape.width;
  std::vector<double> scores(static_cast<size_t>(shape.keys));
  for (int64_t row = heads.begin * shape.queries; row < heads.end * shape.queries; ++row) {
    const int64_t head = row / shape.queries, sample = head / shape.heads;
    const T* q = attention.q + row * width;
    for (size_t j = 0; j < scores.size(); ++j) {
      const T* k = attention.k + (head * shape.keys + static_cast<int64_t>(j)) * width;
      scores[j] = 0;
      for (int64_t c = 0; c < width; ++c) scores[j] += read(q[c]) * read(k[c]) / std::sqrt(static_cast<double>(width));
    }
    const double most = *std::max_element(scores.begin(), scores.end());
    double sum = 0;
    for (double& score : scores) sum += score = std::exp(score - most);
    T* y = attention.y + ((sample * shape.queries + row % shape.queries) * shape.heads + head % shape.heads) * width;
    for (int64_t c = 0; c < width; ++c) {
      double mean = 0;
      for (size_t j = 0; j < scores.size(); ++j) {
        mean += scores[j] / sum * read(attention.v[(head * shape.keys + static_cast<int64_t>(j)) * width + c]);
      }
      write(mean, y[c]);
    }
  }
}

template void attention_forward(const AttentionShape&, const AttentionForward<float>&, Range);
template void attention_forward(const AttentionShape&, const AttentionForward<BFloat16>&, Range);
template void attention_forward(const AttentionShape&, const AttentionForward<double>&, Range);

}  // namespace pixnerd::kernels::reference
