#include "kernels/rms_norm.h"

#include <gtest/gtest.h>

#include <string>

#include "kernels/reference.h"
#include "tests/kernels/values.h"

namespace pixnerd::kernels {
namespace {

// Rows of three samples, the modulation inside a row that also holds other things.
template <class T>
struct NormCase {
  NormCase(int64_t width, int64_t rows_per_sample, bool with_modulation)
      : shape{width, rows_per_sample, 2 * width + 1},
        rows(3 * rows_per_sample),
        modulated(with_modulation),
        x(Values<T>::normal(rows * width, 1)),
        modulation(Values<T>::normal(3 * shape.modulation_stride, 2)),
        grad_y(Values<T>::normal(rows * width, 3)),
        weight(Values<float>::normal(width, 4)),
        y(rows * width),
        grad_x(rows * width),
        grad_weight(width),
        grad_modulation(3 * shape.modulation_stride) {}

  NormForward<T> forward() {
    const T* scale = modulated ? modulation.data() : nullptr;
    return {x.data(), weight.data(), scale, modulated ? scale + shape.width : nullptr, y.data()};
  }
  NormBackward<T> backward() {
    const T* scale = modulated ? modulation.data() : nullptr;
    float* grad = modulated ? grad_modulation.data() : nullptr;
    return {x.data(),      weight.data(),      scale, grad_y.data(),
            grad_x.data(), grad_weight.data(), grad,  modulated ? grad + shape.width : nullptr};
  }
  void run(Isa isa, Range range) {
    norm_forward(shape, forward(), range, isa);
    norm_backward(shape, backward(), range, isa);
  }
  void run_reference() {
    reference::norm_forward(shape, forward(), {0, rows});
    reference::norm_backward(shape, backward(), {0, rows});
  }

  NormShape shape;
  int64_t rows;
  bool modulated;
  Values<T> x, modulation, grad_y;
  Values<float> weight;
  Values<T> y, grad_x;
  Values<float> grad_weight, grad_modulation;
};

template <class T>
void expect_close(const NormCase<T>& got, const NormCase<double>& expected) {
  EXPECT_LT(relative_error(got.y, expected.y), kTolerance<T>);
  EXPECT_LT(relative_error(got.grad_x, expected.grad_x), kTolerance<T>);
  EXPECT_LT(relative_error(got.grad_weight, expected.grad_weight), kTolerance<T>);
  EXPECT_LT(relative_error(got.grad_modulation, expected.grad_modulation), kTolerance<T>);
}

template <class T>
void expect_all_sizes_close() {
  for (const int64_t width : {3, 16, 64, 100, 129, 1152}) {
    for (const bool modulated : {true, false}) {
      NormCase<double> expected(width, 4, modulated);
      expected.run_reference();
      for (const Isa isa : available_isas()) {
        SCOPED_TRACE(std::string(isa_name(isa)) + ", width " + std::to_string(width));
        NormCase<T> whole(width, 4, modulated), split = whole;
        whole.run(isa, {0, whole.rows});
        expect_close(whole, expected);
        for (const Range range : {Range{6, 7}, Range{0, 6}, Range{7, 7}, Range{7, 12}}) split.run(isa, range);
        expect_close(split, expected);
      }
    }
  }
}

TEST(RMSNormTest, EverySetAgreesWithTheReferenceWholeAndInRanges) {
  expect_all_sizes_close<float>();
}

TEST(RMSNormTest, EverySetAgreesWithTheReferenceInBFloat16) {
  expect_all_sizes_close<BFloat16>();
}

TEST(RMSNormTest, ReferenceGradientsAreFiniteDifferences) {
  NormCase<double> norm(5, 2, true);
  norm.run_reference();
  const auto value = [&] {
    reference::norm_forward(norm.shape, norm.forward(), {0, norm.rows});
    return inner_product(norm.y, norm.grad_y);
  };
  for (int64_t i = 0; i < norm.x.size(); ++i) EXPECT_NEAR(norm.grad_x[i], slope(norm.x[i], value), 1e-6);
  for (int64_t i = 0; i < norm.modulation.size(); ++i) {
    EXPECT_NEAR(norm.grad_modulation[i], slope(norm.modulation[i], value), 1e-5);
  }
  for (int64_t i = 0; i < norm.weight.size(); ++i) {
    EXPECT_NEAR(norm.grad_weight[i], slope(norm.weight[i], value, 1e-3), 1e-4);
  }
}

TEST(RMSNormTest, ResultsMayReplaceInputs) {
  for (const Isa isa : available_isas()) {
    NormCase<float> apart(37, 2, true), inside = apart;
    apart.run(isa, {0, apart.rows});
    NormBackward<float> backward = inside.backward();
    backward.grad_x = inside.grad_y.data();
    norm_backward(inside.shape, backward, {0, inside.rows}, isa);
    NormForward<float> forward = inside.forward();
    forward.y = inside.x.data();
    norm_forward(inside.shape, forward, {0, inside.rows}, isa);
    EXPECT_TRUE(std::equal(apart.y.begin(), apart.y.end(), inside.x.begin()));
    EXPECT_TRUE(std::equal(apart.grad_x.begin(), apart.grad_x.end(), inside.grad_y.begin()));
  }
}

TEST(RMSNormTest, RowsOfZerosAreTheShift) {
  for (const Isa isa : available_isas()) {
    NormCase<float> norm(20, 1, true);
    for (float& x : norm.x) x = 0;
    norm.run(isa, {0, norm.rows});
    for (int64_t j = 0; j < 20; ++j) EXPECT_EQ(norm.y[j], norm.modulation[20 + j]);
    for (const float g : norm.grad_x) EXPECT_TRUE(std::isfinite(g));
  }
}

}  // namespace
}  // namespace pixnerd::kernels
