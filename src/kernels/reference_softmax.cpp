#include <algorithm>
#include <cmath>

#include "kernels/reference.h"
#include "kernels/reference_value.h"

namespace pixnerd::kernels::reference {

void softmax_rows(int64_t width, float factor, const SoftmaxRows& softmax, Range rows) {
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    const float* scores = softmax.scores + i * width;
    const float most = *std::max_element(scores, scores + width);
    double sum = 0;
    for (int64_t j = 0; j < width; ++j) {
      const double weight = std::exp(static_cast<double>(factor) * (static_cast<double>(scores[j]) - most));
      write(weight, softmax.weights[i * width + j]);
      sum += weight;
    }
    softmax.inverse_sums[i] = static_cast<float>(1 / sum);
  }
}

void multiply_rows(int64_t width, int64_t stride, const MultiplyRows& multiply, Range rows) {
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    for (int64_t j = 0; j < width; ++j) {
      write(static_cast<double>(multiply.x[i * width + j]) * multiply.factors[i], multiply.y[i * stride + j]);
    }
  }
}

}  // namespace pixnerd::kernels::reference
