#include <algorithm>

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

// Packs w(output, input).
template <class T, class Weight>
void pack(const WeightShape& shape, T* packed, Range strips, const Weight& w) {
  const int64_t strip_size = shape.units<T>() * kStripOutputs * kUnit<T>;
  std::fill(packed + strips.begin * strip_size, packed + strips.end * strip_size, T());
  for (int64_t j = strips.begin * kStripOutputs; j < strips.end * kStripOutputs && j < shape.out; ++j) {
    for (int64_t k = 0; k < shape.in; ++k) packed[place_of<T>(shape, j, k)] = static_cast<T>(w(j, k));
  }
}

}  // namespace

template <class T, class W>
void pack_weight(const WeightShape& shape, const W* w, T* packed, Range strips) {
  pack(shape, packed, strips, [&](int64_t j, int64_t k) { return w[j * shape.in + k]; });
}

template <class T, class W>
void pack_transposed(const WeightShape& shape, const W* w, T* packed, Range strips) {
  pack(shape, packed, strips, [&](int64_t j, int64_t k) { return w[k * shape.out + j]; });
}

template <class T>
void weight_gradient(const WeightShape& shape, int64_t rows, const WeightGradient<T>& of, Range strips) {
  const WeightShape left{rows, shape.out}, right{rows, shape.in};
  for_all(shape, 1, strips, [&](int64_t, int64_t output) {
    for (int64_t input = 0; input < shape.in; ++input) {
      float& to = of.grad_weight[output * shape.in + input];
      double sum = of.is_added ? double{to} : 0;
      for (int64_t m = 0; m < rows; ++m) {
        sum += read(of.grad_y[place_of<T>(left, output, m)]) * read(of.x[place_of<T>(right, input, m)]);
      }
      write(sum, to);
    }
  });
}

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

template void pack_weight(const WeightShape&, const float*, float*, Range);
template void pack_weight(const WeightShape&, const float*, BFloat16*, Range);
template void pack_weight(const WeightShape&, const BFloat16*, BFloat16*, Range);
template void pack_weight(const WeightShape&, const int8_t*, int8_t*, Range);
template void pack_transposed(const WeightShape&, const float*, float*, Range);
template void pack_transposed(const WeightShape&, const float*, BFloat16*, Range);
template void pack_transposed(const WeightShape&, const BFloat16*, BFloat16*, Range);
template void weight_gradient(const WeightShape&, int64_t, const WeightGradient<float>&, Range);
template void weight_gradient(const WeightShape&, int64_t, const WeightGradient<BFloat16>&, Range);
template void product(const WeightShape&, int64_t, const Product<float>&, Range);
template void product(const WeightShape&, int64_t, const Product<BFloat16>&, Range);

}  // namespace pixnerd::kernels::reference
