#include "kernels/quantise.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/reference.h"
#include "tests/kernels/values.h"

namespace pixnerd::kernels {
namespace {

constexpr int64_t kRows = 7;
constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();

template <class T>
struct Rounded {
  explicit Rounded(int64_t row_width, uint32_t seed = 1)
      : width(row_width), x(Values<T>::normal(kRows * width, seed, 3)), q(kRows * width), scales(kRows) {}

  QuantiseRows<T> rounding() { return {x.data(), q.data(), scales.data()}; }
  double value(int64_t i) { return (q[i] - kZeroPoint) * static_cast<double>(scales[i / width]); }

  int64_t width;
  Values<T> x;
  Values<uint8_t> q;
  Values<float> scales;
};

template <class T>
void expect_bytes_of_the_reference() {
  for (const int64_t width : {1, 3, 16, 64, 100, 129, 1152}) {
    Rounded<T> expected(width);
    reference::quantise_rows(width, expected.rounding(), {0, kRows});
    for (const Isa isa : available_isas()) {
      SCOPED_TRACE(std::string(isa_name(isa)) + ", width " + std::to_string(width));
      Rounded<T> found(width);
      for (const Range range : {Range{2, 3}, Range{0, 2}, Range{3, 3}, Range{3, kRows}}) {
        quantise_rows(width, found.rounding(), range, isa);
      }
      EXPECT_TRUE(std::equal(found.q.begin(), found.q.end(), expected.q.begin()));
      EXPECT_TRUE(std::equal(found.scales.begin(), found.scales.end(), expected.scales.begin()));
    }
  }
}

TEST(QuantiseTest, EverySetGivesTheReferencesBytes) {
  expect_bytes_of_the_reference<float>();
  expect_bytes_of_the_reference<BFloat16>();
}

TEST(SumRowsTest, EverySetIsExactAtEveryWidth) {
  for (const int64_t width : {1, 3, 16, 31, 64, 129, 2730}) {
    std::mt19937 generator(1);
    std::vector<int8_t> w(static_cast<size_t>(kRows * width));
    for (int8_t& value : w) value = static_cast<int8_t>(generator());
    std::fill_n(w.begin(), width, int8_t{-128});  // the farthest row
    std::vector<int32_t> expected(kRows);
    for (size_t i = 0; i < w.size(); ++i) expected[i / static_cast<size_t>(width)] += w[i];
    for (const Isa isa : available_isas()) {
      SCOPED_TRACE(std::string(isa_name(isa)) + ", width " + std::to_string(width));
      std::vector<int32_t> found(kRows);
      for (const Range range : {Range{2, 3}, Range{0, 2}, Range{3, kRows}}) {
        sum_rows(width, {w.data(), found.data()}, range, isa);
      }
      EXPECT_EQ(found, expected);
    }
  }
}

TEST(QuantiseTest, ValuesAreHalfAStepAwayAtMostAndTheGreatestIsExact) {
  Rounded<float> rounded(100);
  quantise_rows(rounded.width, rounded.rounding(), {0, kRows});
  for (int64_t i = 0; i < rounded.x.size(); ++i) {
    EXPECT_LE(std::abs(rounded.value(i) - rounded.x[i]), 0.5001 * rounded.scales[i / rounded.width]);
  }
  for (int64_t row = 0; row < kRows; ++row) {
    const uint8_t* q = rounded.q.data() + row * rounded.width;
    const auto [least, most] = std::minmax_element(q, q + rounded.width);
    EXPECT_EQ(std::max(kZeroPoint - *least, *most - kZeroPoint), 127);
  }
}

TEST(QuantiseTest, RowsWithoutAStep) {
  for (const Isa isa : available_isas()) {
    SCOPED_TRACE(std::string(isa_name(isa)));
    Rounded<float> rounded(37);
    std::fill_n(rounded.x.data(), 37, 0.0F);
    std::fill_n(rounded.x.data() + 37, 37, std::numeric_limits<float>::denorm_min());
    rounded.x[2 * 37 + 36] = kInfinity;
    rounded.x[3 * 37 + 1] = kNan;
    rounded.x[3 * 37 + 2] = -kInfinity;
    quantise_rows(rounded.width, rounded.rounding(), {0, kRows}, isa);
    for (int64_t i = 0; i < 2 * 37; ++i) EXPECT_EQ(rounded.q[i], kZeroPoint);
    EXPECT_EQ(rounded.scales[0], 0);
    EXPECT_EQ(rounded.scales[1], 0);
    EXPECT_EQ(rounded.scales[2], kInfinity);
    EXPECT_TRUE(std::isnan(rounded.scales[3]));
    EXPECT_TRUE(std::isfinite(rounded.scales[4]));
  }
}

template <class T>
void expect_scaled_rows() {
  for (const int64_t width : {1, 16, 100, 129, 1152}) {
    for (const bool with_bias : {true, false}) {
      const Values<T> x = Values<T>::normal(kRows * width, 1);
      const Values<double> exact = Values<double>::normal(kRows * width, 1);
      const Values<float> scales = Values<float>::normal(kRows, 2), bias = Values<float>::normal(width, 3);
      const float* added = with_bias ? bias.data() : nullptr;
      Values<double> expected(kRows * width);
      reference::scale_rows<double>(width, {exact.data(), scales.data(), added, expected.data()}, {0, kRows});
      for (const Isa isa : available_isas()) {
        SCOPED_TRACE(std::string(isa_name(isa)) + ", width " + std::to_string(width));
        Values<T> apart(kRows * width), inside = x;
        for (const Range range : {Range{2, 3}, Range{0, 2}, Range{3, 3}, Range{3, kRows}}) {
          scale_rows<T>(width, {x.data(), scales.data(), added, apart.data()}, range, isa);
          scale_rows<T>(width, {inside.data(), scales.data(), added, inside.data()}, range, isa);
        }
        EXPECT_LT(relative_error(apart, expected), kTolerance<T>);
        EXPECT_LT(relative_error(inside, expected), kTolerance<T>);
      }
    }
  }
}

// Two roundings of nearly equal values differ by a step at most.
template <class T>
void expect_gated_rows() {
  for (const int64_t width : {1, 16, 100, 129, 1152}) {
    for (const int64_t stride : {width, 2 * width + 3}) {
      const Values<T> a = Values<T>::normal(kRows * stride, 1), b = Values<T>::normal(kRows * stride, 2);
      const Values<float> scales = Values<float>::normal(kRows, 3);
      Rounded<T> expected(width);
      const auto gate = [&](Rounded<T>& to) {
        return QuantiseSwiGLU<T>{a.data(), b.data(), scales.data(), to.q.data(), to.scales.data()};
      };
      reference::quantise_swiglu(SwiGLUShape{width, stride}, gate(expected), {0, kRows});
      for (const Isa isa : available_isas()) {
        SCOPED_TRACE(std::string(isa_name(isa)) + ", width " + std::to_string(width));
        Rounded<T> found(width);
        for (const Range range : {Range{2, 3}, Range{0, 2}, Range{3, 3}, Range{3, kRows}}) {
          quantise_swiglu(SwiGLUShape{width, stride}, gate(found), range, isa);
        }
        EXPECT_LT(relative_error(found.scales, expected.scales), 1e-5);
        for (int64_t i = 0; i < found.q.size(); ++i) EXPECT_NEAR(found.q[i], expected.q[i], 1);
      }
    }
  }
}

template <class T>
void expect_normalised_rows() {
  for (const int64_t width : {1, 16, 100, 129, 1152}) {
    for (const bool is_modulated : {true, false}) {
      NormShape shape{width, 2, 3 * width, 1e-6F};
      const int64_t samples = (kRows + 1) / 2;
      const Values<T> x = Values<T>::normal(kRows * width, 1), m = Values<T>::normal(samples * 3 * width, 2);
      const Values<float> weight = Values<float>::normal(width, 3);
      Rounded<T> expected(width);
      const auto norm = [&](Rounded<T>& to) {
        return QuantiseNorm<T>{
            x.data(),    weight.data(),   is_modulated ? m.data() : nullptr, is_modulated ? m.data() + width : nullptr,
            to.q.data(), to.scales.data()};
      };
      reference::quantise_norm(shape, norm(expected), {0, kRows});
      for (const Isa isa : available_isas()) {
        SCOPED_TRACE(std::string(isa_name(isa)) + ", width " + std::to_string(width));
        Rounded<T> found(width);
        for (const Range range : {Range{2, 3}, Range{0, 2}, Range{3, 3}, Range{3, kRows}}) {
          quantise_norm(shape, norm(found), range, isa);
        }
        EXPECT_LT(relative_error(found.scales, expected.scales), 1e-5);
        for (int64_t i = 0; i < found.q.size(); ++i) EXPECT_NEAR(found.q[i], expected.q[i], 1);
      }
    }
  }
}

TEST(QuantiseTest, NormalisedRowsAreThoseOfTheReference) {
  expect_normalised_rows<float>();
  expect_normalised_rows<BFloat16>();
}

TEST(QuantiseTest, GatedRowsAreThoseOfTheReference) {
  expect_gated_rows<float>();
  expect_gated_rows<BFloat16>();
}

TEST(ScaleRowsTest, EverySetAgreesWithTheReferenceAlsoInPlace) {
  expect_scaled_rows<float>();
  expect_scaled_rows<BFloat16>();
}

}  // namespace
}  // namespace pixnerd::kernels
