#include "kernels/column_sums.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "kernels/reference.h"
#include "tests/kernels/values.h"

namespace pixnerd::kernels {
namespace {

template <class T>
void expect_all_sizes_close() {
  for (const SumShape& shape : {SumShape{1, 1}, {3, 16}, {8, 50}, {29, 129}, {17, 2050}}) {
    const auto x = Values<T>::normal(shape.rows * shape.width, 1);
    const auto exact = Values<double>::of(x);
    Values<double> expected(shape.width);
    for (int64_t i = 0; i < x.size(); ++i) expected[i % shape.width] += exact[i];
    for (const Isa isa : available_isas()) {
      SCOPED_TRACE(std::string(isa_name(isa)) + ", R " + std::to_string(shape.rows) + ", D " +
                   std::to_string(shape.width));
      Values<float> whole(shape.width), split(shape.width);
      std::fill(whole.begin(), whole.end(), 7.0F);  // which is not added to
      column_sums(shape, ColumnSums<T>{x.data(), whole.data()}, {0, shape.width}, isa);
      EXPECT_LT(relative_error(whole, expected), 1e-6);
      const int64_t third = shape.width / 3;
      for (const Range range : {Range{third, shape.width}, Range{0, third}}) {
        column_sums(shape, ColumnSums<T>{x.data(), split.data()}, range, isa);
      }
      EXPECT_TRUE(std::equal(whole.begin(), whole.end(), split.begin()));
    }
  }
}

TEST(ColumnSumsTest, EverySetAddsUpWholeAndInRanges) {
  expect_all_sizes_close<float>();
  expect_all_sizes_close<BFloat16>();
}

TEST(ColumnSumsTest, OfNoRowsAreZero) {
  for (const Isa isa : available_isas()) {
    Values<float> sums(3);
    std::fill(sums.begin(), sums.end(), 7.0F);
    column_sums(SumShape{0, 3}, ColumnSums<float>{nullptr, sums.data()}, {0, 3}, isa);
    for (const float sum : sums) EXPECT_EQ(sum, 0) << isa_name(isa);
  }
}

// Each of many thousand rows counts: what a sum in one float would lose of them is well above the bound.
TEST(ColumnSumsTest, ManyRowsLoseLittle) {
  const SumShape shape{1 << 16, 3};
  Values<float> x(shape.rows * shape.width);
  std::fill(x.begin(), x.end(), 0.1F);
  for (const Isa isa : available_isas()) {
    Values<float> sums(shape.width);
    column_sums(shape, ColumnSums<float>{x.data(), sums.data()}, {0, shape.width}, isa);
    for (const float sum : sums) EXPECT_NEAR(sum / (0.1F * static_cast<float>(shape.rows)), 1, 5e-6) << isa_name(isa);
  }
}

}  // namespace
}  // namespace pixnerd::kernels
