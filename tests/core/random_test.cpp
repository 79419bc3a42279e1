#include "core/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <stdexcept>

namespace pixnerd {
namespace {

// The known-answer vectors of the authors' Random123 library for philox4x32-10, its first two words.
TEST(RandomBitsTest, MatchesTheKnownAnswersOfPhilox) {
  EXPECT_EQ(random_bits(0, 0, 0), 0xE169C58D6627E8D5u);
  EXPECT_EQ(random_bits(UINT64_MAX, UINT64_MAX, UINT64_MAX), 0x41C83B0E408F276Du);
  // Counter words 243f6a88 85a308d3 13198a2e 03707344, key words a4093822 299f31d0.
  EXPECT_EQ(random_bits(0x299F31D0A4093822u, 0x0370734413198A2Eu, 0x85A308D3243F6A88u), 0x94FDCCEBD16CFE09u);
}

TEST(RandomBitsTest, EveryArgumentCounts) {
  const uint64_t bits = random_bits(1, 2, 3);
  EXPECT_EQ(bits, random_bits(1, 2, 3));
  EXPECT_NE(bits, random_bits(2, 2, 3));
  EXPECT_NE(bits, random_bits(1, 3, 3));
  EXPECT_NE(bits, random_bits(1, 2, 4));
  EXPECT_NE(bits, random_bits(1 + (uint64_t{1} << 32), 2, 3));
}

TEST(RandomUniformTest, LiesInTheHalfOpenIntervalWithTheRightMean) {
  double sum = 0, square = 0;
  constexpr int kCount = 100'000;
  for (int i = 0; i < kCount; ++i) {
    const double u = random_uniform(7, 0, i);
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
    square += u * u;
  }
  EXPECT_NEAR(sum / kCount, 1.0 / 2, 0.005);
  EXPECT_NEAR(square / kCount, 1.0 / 3, 0.005);
}

TEST(RandomPermutationTest, HoldsEveryNumberOnce) {
  for (const int64_t n : {0, 1, 2, 1000}) {
    std::vector<int64_t> order = random_permutation(n, 5, 6);
    std::sort(order.begin(), order.end());
    ASSERT_EQ(order.size(), static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) ASSERT_EQ(order[i], i);
  }
}

TEST(RandomPermutationTest, DependsOnSeedAndStreamAlone) {
  EXPECT_EQ(random_permutation(50, 1, 2), random_permutation(50, 1, 2));
  EXPECT_NE(random_permutation(50, 1, 2), random_permutation(50, 1, 3));
  EXPECT_NE(random_permutation(50, 1, 2), random_permutation(50, 2, 2));
}

TEST(RandomPermutationTest, AllOrdersAreEquallyLikely) {
  std::map<std::vector<int64_t>, int> counts;
  constexpr int kDraws = 24'000;
  for (int stream = 0; stream < kDraws; ++stream) ++counts[random_permutation(4, 11, stream)];
  ASSERT_EQ(counts.size(), 24u);
  double chi_square = 0;
  for (const auto& [order, count] : counts) chi_square += (count - 1000.0) * (count - 1000.0) / 1000.0;
  EXPECT_LT(chi_square, 49.7);  // the 99.9 % point for 23 degrees of freedom
}

TEST(RandomPermutationTest, RefusesANegativeCount) {
  EXPECT_THROW(random_permutation(-1, 0, 0), std::invalid_argument);
}

}  // namespace
}  // namespace pixnerd
