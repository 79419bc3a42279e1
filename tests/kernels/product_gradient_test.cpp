// What training needs of products: weights packed as they are read, transposed or not, and the gradient of a weight.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "kernels/product.h"
#include "kernels/reference.h"
#include "tests/kernels/values.h"

namespace pixnerd::kernels {
namespace {

struct Sizes {
  int64_t rows, in, out;
};

const Sizes kSizes[] = {{1, 1, 1},    {2, 3, 5},      {3, 64, 32},    {7, 65, 33},
                        {8, 130, 96}, {65, 192, 100}, {130, 70, 300}, {700, 40, 50}};

template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

// w [out, in] packed by every set, and its transpose, of which `in` needs to be no whole units.
template <class T, class W>
void expect_packed_alike() {
  for (const auto& [rows, in, out] : kSizes) {
    const WeightShape shape{in, out};
    const auto w = Values<W>::normal(in * out, 1, 1.7);
    Values<W> turned(in * out);
    for (int64_t i = 0; i < in * out; ++i) turned[i % in * out + i / in] = w[i];
    std::vector<T> expected(static_cast<size_t>(shape.packed_size<T>()), T(7));
    reference::pack_weight(shape, w.data(), expected.data(), {0, shape.strips()});
    for (const Isa isa : available_isas()) {
      SCOPED_TRACE(std::string(isa_name(isa)) + ", in " + std::to_string(in) + ", out " + std::to_string(out));
      std::vector<T> found(expected.size(), T(7)), of_turned = found;
      for (const Range strips : {Range{0, shape.strips() / 2}, Range{shape.strips() / 2, shape.strips()}}) {
        pack_weight(shape, w.data(), found.data(), strips, isa);
        pack_transposed(shape, turned.data(), of_turned.data(), strips, isa);
      }
      EXPECT_TRUE(same(found, expected));
      EXPECT_TRUE(same(of_turned, expected));
    }
  }
}

TEST(PackedWeightTest, EverySetPacksTheSame) {
  expect_packed_alike<float, float>();
  expect_packed_alike<BFloat16, BFloat16>();
  expect_packed_alike<BFloat16, float>();
}

TEST(PackedWeightTest, FloatsAreRoundedToTheNearest) {
  const WeightShape shape{64, 32};
  std::mt19937 generator(1);
  std::normal_distribution<float> distribution;
  std::vector<float> w(64 * 32);
  for (float& value : w) value = distribution(generator);
  std::vector<BFloat16> expected(w.size());
  reference::pack_weight(shape, w.data(), expected.data(), {0, 1});
  for (const Isa isa : available_isas()) {
    std::vector<BFloat16> found(w.size());
    pack_weight(shape, w.data(), found.data(), {0, 1}, isa);
    EXPECT_TRUE(same(found, expected)) << isa_name(isa);
  }
}

template <class T>
class WeightGradientTest : public testing::Test {};
using Types = testing::Types<float, BFloat16>;
TYPED_TEST_SUITE(WeightGradientTest, Types);

TYPED_TEST(WeightGradientTest, IsTheSumOverRowsAtEverySize) {
  using T = TypeParam;
  for (const auto& [rows, in, out] : kSizes) {
    const WeightShape shape{in, out}, left{rows, out}, right{rows, in};
    const auto grad_y = Values<T>::normal(rows * out, 1), x = Values<T>::normal(rows * in, 2);
    std::vector<T> packed_grad(static_cast<size_t>(left.packed_size<T>()));
    std::vector<T> packed_x(static_cast<size_t>(right.packed_size<T>()));
    reference::pack_transposed(left, grad_y.data(), packed_grad.data(), {0, left.strips()});
    reference::pack_transposed(right, x.data(), packed_x.data(), {0, right.strips()});
    Values<double> expected(out * in);
    for (int64_t i = 0; i < out * in; ++i) {
      for (int64_t m = 0; m < rows; ++m) {
        expected[i] += as_double(grad_y[m * out + i / in]) * as_double(x[m * in + i % in]);
      }
    }
    for (const Isa isa : available_isas()) {
      SCOPED_TRACE(std::string(isa_name(isa)) + ", M " + std::to_string(rows) + ", in " + std::to_string(in) +
                   ", out " + std::to_string(out));
      Values<float> found(out * in);
      for (const double times : {1, 2}) {
        const WeightGradient<T> of{packed_grad.data(), packed_x.data(), found.data(), times == 2};
        weight_gradient(shape, rows, of, {0, 1}, isa);
        weight_gradient(shape, rows, of, {1, shape.strips()}, isa);
        Values<double> wanted(out * in);
        for (int64_t i = 0; i < out * in; ++i) wanted[i] = times * expected[i];
        EXPECT_LT(relative_error(found, wanted), 1e-5);
      }
    }
  }
}

}  // namespace
}  // namespace pixnerd::kernels
