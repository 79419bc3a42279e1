#include "kernels/hadamard.h"

#include <gtest/gtest.h>

#include <string>

#include "kernels/reference.h"
#include "tests/kernels/values.h"

namespace pixnerd::kernels {
namespace {

constexpr int64_t kRows = 5;

template <class T>
class HadamardTest : public testing::Test {};
using Types = testing::Types<float, BFloat16>;
TYPED_TEST_SUITE(HadamardTest, Types);

TYPED_TEST(HadamardTest, EverySetAgreesWithTheReferenceWholeAndInRanges) {
  for (const int64_t width : {1, 2, 8, 31, 32, 96, 192, 1024, 1152}) {
    const Values<TypeParam> x = Values<TypeParam>::normal(kRows * width, 1);
    Values<float> expected(kRows * width);
    reference::turn_rows<TypeParam>(width, {x.data(), expected.data()}, {0, kRows});
    for (const Isa isa : available_isas()) {
      SCOPED_TRACE(std::string(isa_name(isa)) + ", width " + std::to_string(width));
      Values<float> found(kRows * width);
      for (const Range range : {Range{2, 3}, Range{0, 2}, Range{3, 3}, Range{3, kRows}}) {
        turn_rows<TypeParam>(width, {x.data(), found.data()}, range, isa);
      }
      EXPECT_LT(relative_error(found, Values<double>::of(expected)), 1e-6);
    }
  }
}

TEST(HadamardTest, TurnedTwiceIsAsBeforeAndALargeValueIsSpread) {
  constexpr int64_t kWidth = 192;  // blocks of 64
  Values<float> x(kWidth), once(kWidth), twice(kWidth);
  x[70] = 8;
  turn_rows<float>(kWidth, {x.data(), once.data()}, {0, 1});
  turn_rows<float>(kWidth, {once.data(), twice.data()}, {0, 1});
  for (int64_t i = 0; i < kWidth; ++i) {
    EXPECT_FLOAT_EQ(std::abs(once[i]), i / 64 == 1 ? 1 : 0);
    EXPECT_FLOAT_EQ(twice[i], x[i]);
  }
}

}  // namespace
}  // namespace pixnerd::kernels
