#include "kernels/softmax.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "kernels/reference.h"
#include "tests/kernels/values.h"

namespace pixnerd::kernels {
namespace {

constexpr int64_t kRows = 7;

TEST(SoftmaxTest, EverySetAgreesWithTheReferenceWholeAndInRanges) {
  for (const int64_t width : {1, 3, 16, 100, 129, 1152}) {
    Values<float> scores = Values<float>::normal(kRows * width, 1, 10);
    for (int64_t j = 0; j < width; ++j) scores[j] -= 500;  // a row far from 0: what is beyond its end is not
    Values<BFloat16> expected(kRows * width);
    Values<float> sums(kRows);
    reference::softmax_rows(width, 0.3F, {scores.data(), expected.data(), sums.data()}, {0, kRows});
    for (const Isa isa : available_isas()) {
      SCOPED_TRACE(std::string(isa_name(isa)) + ", width " + std::to_string(width));
      Values<BFloat16> found(kRows * width);
      Values<float> found_sums(kRows);
      for (const Range range : {Range{2, 3}, Range{0, 2}, Range{3, 3}, Range{3, kRows}}) {
        softmax_rows(width, 0.3F, {scores.data(), found.data(), found_sums.data()}, range, isa);
      }
      EXPECT_LT(relative_error(found, Values<double>::of(expected)), kTolerance<BFloat16>);
      EXPECT_LT(relative_error(found_sums, Values<double>::of(sums)), 1e-5);
    }
  }
}

TEST(SoftmaxTest, RowsThatAreNotFiniteSaySo) {
  for (const Isa isa : available_isas()) {
    if (isa == Isa::reference) continue;  // keeps it in the weights
    Values<float> scores = Values<float>::normal(3 * 37, 1), sums(3);
    scores[37 + 5] = std::numeric_limits<float>::quiet_NaN();
    scores[2 * 37 + 36] = std::numeric_limits<float>::infinity();
    Values<BFloat16> weights(3 * 37);
    softmax_rows(37, 1, {scores.data(), weights.data(), sums.data()}, {0, 3}, isa);
    EXPECT_TRUE(std::isfinite(sums[0]));
    EXPECT_FALSE(std::isfinite(sums[1]));
    EXPECT_FALSE(std::isfinite(sums[2]));
  }
}

TEST(MultiplyRowsTest, EverySetAgreesWithTheReference) {
  for (const int64_t width : {1, 16, 72, 129}) {
    const int64_t stride = 2 * width + 1;
    const Values<float> x = Values<float>::normal(kRows * width, 1), factors = Values<float>::normal(kRows, 2);
    Values<BFloat16> expected(kRows * stride);
    reference::multiply_rows(width, stride, {x.data(), factors.data(), expected.data()}, {0, kRows});
    for (const Isa isa : available_isas()) {
      SCOPED_TRACE(std::string(isa_name(isa)) + ", width " + std::to_string(width));
      Values<BFloat16> found(kRows * stride);
      multiply_rows(width, stride, {x.data(), factors.data(), found.data()}, {0, 3}, isa);
      multiply_rows(width, stride, {x.data(), factors.data(), found.data()}, {3, kRows}, isa);
      EXPECT_LT(relative_error(found, Values<double>::of(expected)), kTolerance<BFloat16>);
    }
  }
}

}  // namespace
}  // namespace pixnerd::kernels
