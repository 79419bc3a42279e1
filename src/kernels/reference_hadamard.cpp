#include <bit>
#include <cmath>

#include "kernels/reference.h"
#include "kernels/reference_value.h"

namespace pixnerd::kernels::reference {

template <class T>
void turn_rows(int64_t width, const TurnRows<T>& turning, Range rows) {
  const int64_t n = hadamard_size(width);
  for (int64_t first = rows.begin * width; first < rows.end * width; first += n) {
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t i = 0; i < n; ++i) {
        const double value = static_cast<double>(static_cast<float>(turning.x[first + i]));
        sum += std::popcount(static_cast<uint64_t>(i & j)) % 2 == 0 ? value : -value;
      }
      turning.y[first + j] = static_cast<float>(sum / std::sqrt(static_cast<double>(n)));
    }
  }
}

template void turn_rows(int64_t, const TurnRows<float>&, Range);
template void turn_rows(int64_t, const TurnRows<BFloat16>&, Range);

}  // namespace pixnerd::kernels::reference
