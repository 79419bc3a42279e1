#include "kernels/product.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "kernels/quantise.h"
#include "kernels/reference.h"
#include "tests/kernels/values.h"

namespace pixnerd::kernels {
namespace {

struct Sizes {
  int64_t rows, in, out;
};

const Sizes kSizes[] = {{1, 1, 1}, {2, 3, 5}, {3, 64, 32}, {7, 65, 33}, {8, 130, 96}, {65, 192, 100}, {130, 1030, 70}};

template <class T>
std::vector<T> packed(const WeightShape& shape, const T* w) {
  std::vector<T> result(static_cast<size_t>(shape.packed_size<T>()), T());
  pack_weight(shape, w, result.data(), {0, shape.strips() / 2});
  pack_weight(shape, w, result.data(), {shape.strips() / 2, shape.strips()});
  return result;
}

std::string title(Isa isa, const Sizes& sizes) {
  return std::string(isa_name(isa)) + ", M " + std::to_string(sizes.rows) + ", in " + std::to_string(sizes.in) +
         ", out " + std::to_string(sizes.out);
}

template <class T>
class ProductTest : public testing::Test {};
using Types = testing::Types<float, BFloat16>;
TYPED_TEST_SUITE(ProductTest, Types);

TYPED_TEST(ProductTest, IsTheSumOfProductsAtEverySize) {
  using T = TypeParam;
  for (const Sizes& sizes : kSizes) {
    const auto& [rows, in, out] = sizes;
    const WeightShape shape{in, out};
    const auto x = Values<T>::normal(rows * in, 1), w = Values<T>::normal(in * out, 2);
    const auto bias = Values<float>::normal(out, 3);
    const std::vector<T> weight = packed(shape, w.data());
    Values<double> expected(rows * out);
    for (int64_t i = 0; i < rows * out; ++i) {
      expected[i] = bias[i % out];
      for (int64_t k = 0; k < in; ++k) {
        expected[i] += as_double(x[i / out * in + k]) * as_double(w[i % out * in + k]);
      }
    }
    for (const Isa isa : available_isas()) {
      SCOPED_TRACE(title(isa, sizes));
      Values<T> found(rows * out);
      product(shape, rows, Product<T>{x.data(), weight.data(), bias.data(), found.data()}, {0, shape.strips()}, isa);
      EXPECT_LT(relative_error(found, expected), kTolerance<T>);
    }
  }
}

TYPED_TEST(ProductTest, ARowIsTheSameAloneAndAStripToo) {
  using T = TypeParam;
  const WeightShape shape{131, 100};
  const int64_t rows = 77;
  const auto x = Values<T>::normal(rows * shape.in, 1), w = Values<T>::normal(shape.in * shape.out, 2);
  const std::vector<T> weight = packed(shape, w.data());
  for (const Isa isa : available_isas()) {
    SCOPED_TRACE(std::string(isa_name(isa)));
    Values<T> whole(rows * shape.out), alone = whole;
    product(shape, rows, Product<T>{x.data(), weight.data(), nullptr, whole.data()}, {0, shape.strips()}, isa);
    for (int64_t row = 0; row < rows; ++row) {
      const Product<T> of{x.data() + row * shape.in, weight.data(), nullptr, alone.data() + row * shape.out};
      for (int64_t strip = 0; strip < shape.strips(); ++strip) product(shape, 1, of, {strip, strip + 1}, isa);
    }
    EXPECT_EQ(std::memcmp(whole.data(), alone.data(), static_cast<size_t>(whole.size()) * sizeof(T)), 0);
  }
}

TEST(ProductInt8Test, SumsAreExactAtEverySize) {
  for (const Sizes& sizes : kSizes) {
    const auto& [rows, in, out] = sizes;
    const WeightShape shape{in, out};
    std::mt19937 generator(1);
    std::vector<uint8_t> q(static_cast<size_t>(rows * in));
    std::vector<int8_t> w(static_cast<size_t>(in * out));
    for (uint8_t& value : q) value = static_cast<uint8_t>(generator());
    for (int8_t& value : w) value = static_cast<int8_t>(generator() % 255 - 127);
    q[0] = 255;
    std::vector<int32_t> sums(static_cast<size_t>(out));
    for (size_t i = 0; i < w.size(); ++i) sums[i / static_cast<size_t>(in)] += w[i];
    const std::vector<int8_t> weight = packed(shape, w.data());
    const auto scales = Values<float>::normal(out, 2), row_scales = Values<float>::normal(rows, 3),
               bias = Values<float>::normal(out, 4);
    for (const bool plain : {false, true}) {
      Values<BFloat16> expected(rows * out);
      ProductInt8 of{q.data(),
                     weight.data(),
                     sums.data(),
                     scales.data(),
                     plain ? nullptr : row_scales.data(),
                     plain ? nullptr : bias.data()};
      of.y = expected.data();
      reference::product_int8(shape, rows, of, {0, shape.strips()});
      for (const Isa isa : available_isas()) {
        SCOPED_TRACE(title(isa, sizes));
        Values<BFloat16> found(rows * out);
        of.y = found.data();
        product_int8(shape, rows, of, {0, shape.strips()}, isa);
        EXPECT_LT(relative_error(found, Values<double>::of(expected)), kTolerance<BFloat16>);
      }
    }
    // The reference against numbers that are not packed.
    ProductInt8 of{q.data(), weight.data(), sums.data(), scales.data()};
    Values<BFloat16> found(rows * out);
    of.y = found.data();
    product_int8(shape, rows, of, {0, shape.strips()}, Isa::reference);
    double sum = 0;
    for (int64_t k = 0; k < in; ++k)
      sum += (q[static_cast<size_t>(k)] - 128) * w[static_cast<size_t>((out - 1) * in + k)];
    EXPECT_FLOAT_EQ(static_cast<float>(found[out - 1]),
                    static_cast<float>(BFloat16(static_cast<float>(sum * scales[out - 1]))));
  }
}

}  // namespace
}  // namespace pixnerd::kernels
