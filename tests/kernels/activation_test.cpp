#include "kernels/activation.h"

#include <gtest/gtest.h>

#include <string>

#include "kernels/reference.h"
#include "tests/kernels/values.h"

namespace pixnerd::kernels {
namespace {

TEST(SwiGLUTest, RelativeErrorIsSmallFromEndToEnd) {
  constexpr int64_t kCount = 174'001, kMiddle = kCount / 2;
  Values<float> a(kCount), ones(kCount), y(kCount);
  for (int64_t i = 0; i < kCount; ++i) a[i] = static_cast<float>(i - kMiddle) * 0.999e-3F;  // up to 86.9
  std::fill(ones.begin(), ones.end(), 1.0F);
  for (const Isa isa : available_isas()) {
    SCOPED_TRACE(std::string(isa_name(isa)));
    swiglu_forward<float>({kCount, kCount}, {a.data(), ones.data(), y.data()}, {0, 1}, isa);
    double worst = 0;
    for (int64_t i = 0; i < kCount; ++i) {
      const double expected = a[i] / (1 + std::exp(-static_cast<double>(a[i])));
      if (expected != 0) worst = std::max(worst, std::abs(y[i] / expected - 1));
    }
    EXPECT_LT(worst, 2e-6);
  }
}

TEST(SwiGLUTest, FarAndNotFiniteValues) {
  for (const Isa isa : available_isas()) {
    SCOPED_TRACE(std::string(isa_name(isa)));
    Values<float> a(6), y(6), slopes(6), ones(6), grad_b(6);
    const float inputs[] = {-1e4F, -100.0F, 0.0F, 100.0F, 3e38F, std::numeric_limits<float>::quiet_NaN()};
    std::copy(std::begin(inputs), std::end(inputs), a.begin());
    std::fill(ones.begin(), ones.end(), 1.0F);
    const SwiGLUShape shape{6, 6};
    swiglu_forward<float>(shape, {a.data(), ones.data(), y.data()}, {0, 1}, isa);
    swiglu_backward<float>(shape, {a.data(), ones.data(), ones.data(), slopes.data(), grad_b.data()}, {0, 1}, isa);
    EXPECT_NEAR(y[0], 0, 1e-30);
    EXPECT_NEAR(y[1], 0, 1e-30);
    EXPECT_EQ(y[2], 0);
    EXPECT_EQ(y[3], 100);
    EXPECT_EQ(y[4], 3e38F);
    EXPECT_TRUE(std::isnan(y[5]));
    EXPECT_NEAR(slopes[0], 0, 1e-30);
    EXPECT_EQ(slopes[2], 0.5F);
    EXPECT_EQ(slopes[3], 1);
    EXPECT_TRUE(std::isnan(slopes[5]));
  }
}

// a and b are the halves of one matrix.
template <class T>
struct SwiGLUCase {
  explicit SwiGLUCase(int64_t width)
      : shape{width, 2 * width},
        ab(Values<T>::normal(kRows * 2 * width, 1, 2)),
        grad_y(Values<T>::normal(kRows * width, 2)),
        y(kRows * width),
        grad_ab(kRows * 2 * width) {}

  SwiGLUForward<T> forward() { return {ab.data(), ab.data() + shape.width, y.data()}; }
  SwiGLUBackward<T> backward() {
    return {ab.data(), ab.data() + shape.width, grad_y.data(), grad_ab.data(), grad_ab.data() + shape.width};
  }

  static constexpr int64_t kRows = 5;
  SwiGLUShape shape;
  Values<T> ab, grad_y;
  Values<T> y, grad_ab;
};

template <class T>
void expect_swiglu_close() {
  for (const int64_t width : {1, 16, 50, 129}) {
    SwiGLUCase<double> expected(width);
    reference::swiglu_forward(expected.shape, expected.forward(), {0, expected.kRows});
    reference::swiglu_backward(expected.shape, expected.backward(), {0, expected.kRows});
    for (const Isa isa : available_isas()) {
      SCOPED_TRACE(std::string(isa_name(isa)) + ", width " + std::to_string(width));
      SwiGLUCase<T> got(width);
      for (const Range range : {Range{2, 5}, Range{0, 2}}) {
        swiglu_forward(got.shape, got.forward(), range, isa);
        swiglu_backward(got.shape, got.backward(), range, isa);
      }
      EXPECT_LT(relative_error(got.y, expected.y), kTolerance<T>);
      EXPECT_LT(relative_error(got.grad_ab, expected.grad_ab), kTolerance<T>);
    }
  }
}

TEST(SwiGLUTest, EverySetAgreesWithTheReference) {
  expect_swiglu_close<float>();
  expect_swiglu_close<BFloat16>();
}

TEST(SwiGLUTest, ReferenceGradientsAreFiniteDifferences) {
  SwiGLUCase<double> gate(4);
  reference::swiglu_backward(gate.shape, gate.backward(), {0, gate.kRows});
  const auto value = [&] {
    reference::swiglu_forward(gate.shape, gate.forward(), {0, gate.kRows});
    return inner_product(gate.y, gate.grad_y);
  };
  for (int64_t i = 0; i < gate.ab.size(); ++i) EXPECT_NEAR(gate.grad_ab[i], slope(gate.ab[i], value), 1e-6);
}

}  // namespace
}  // namespace pixnerd::kernels
