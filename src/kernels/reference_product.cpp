#include "kernels/reference.h"
#include "kernels/reference_value.h"

namespace pixnerd::kernels::reference {
namespace {

// Where w[output][input] lies in a packed weight.
template <class T>
int64_t place_of(const WeightShape& shape, int64_t output, int64_t input) {
  const int64_t strip = output / kStripOutputs, unit = input / kUnit<T>;
  return ((strip * shape.units<T>() + unit) * kStripOutputs + output % kStripOutputs) * kUnit<T> + input % kUnit<T>;
}

// Calls visit(row, output) for all outputs of the strips.
template <class Visit>
void for_all(const WeightShape& shape, int64_t rows, Range strips, const Visit& visit) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t j = strips.begin * kStripOutputs; j < strips.end * kStripOutputs && j < shape.out; ++j) visit(row, j);
  }
}

}  // namespace

template <class T>
void product(const WeightShape& shape, int64_t rows, const Product<T>& of, Range strips) {
  for_all(shape, rows, strips, [&](int64_t row, int64_t j) {
    double sum = value_or_zero(of.bias, j);
    for (int64_t k = 0; k < shape.in; ++k) {
      sum += read(of.x[row * shape.in + k]) * read(of.weight[place_of<T>(shape, j, k)]);
    }
    write(sum, of.y[row * shape.out + j]);
  });
}

void product_int8(const WeightShape& shape, int64_t rows, const ProductInt8& of, Range strips) {
  for_all(shape, rows, strips, [&](int64_t row, int64_t j) {
    int64_t sum = -128 * int64_t{of.sums[j]};
    for (int64_t k = 0; k < shape.in; ++k) {
      sum += int64_t{of.q[row * shape.in + k]} * of.weight[place_of<int8_t>(shape, j, k)];
    }
    const double scale = of.row_scales == nullptr ? 1 : of.row_scales[row];
    write(static_cast<double>(sum) * scale * of.output_scales[j] + value_or_zero(of.bias, j),
          of.y[row * shape.out + j]);
  });
}

template void product(const WeightShape&, int64_t, const Product<float>&, Range);
template void product(const WeightShape&, int64_t, const Product<BFloat16>&, Range);

}  // namespace pixnerd::kernels::reference
