#include "diffusion/reuse_schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

#include "core/errors.h"
#include "tests/core/thrown.h"

namespace pixnerd::diffusion {
namespace {

using Steps = std::vector<int64_t>;

template <class Entry>
Similarity matrix(size_t steps, Entry entry) {
  Similarity similarity(steps);
  for (size_t i = 0; i < steps; ++i) {
    for (size_t j = 0; j <= i; ++j) similarity[i].push_back(entry(i, j));
  }
  return similarity;
}

double sum(const Similarity& similarity, const Steps& steps) {
  const std::vector<double> each = reused_similarity(similarity, steps);
  return std::accumulate(each.begin(), each.end(), 0.0);
}

int64_t squares(const Steps& steps, int64_t n) {
  int64_t total = 0;
  for (size_t k = 0; k < steps.size(); ++k) {
    const int64_t length = (k + 1 < steps.size() ? steps[k + 1] : n) - steps[k];
    total += length * length;
  }
  return total;
}

// The rule of the header, by trying all subsets that hold step 0.
Steps best_of_all(const Similarity& similarity, int64_t encodings) {
  const auto n = static_cast<int64_t>(similarity.size());
  Steps best;
  for (uint32_t bits = 1; bits < (1U << n); bits += 2) {
    Steps steps;
    for (int64_t i = 0; i < n; ++i) {
      if ((bits >> i & 1U) != 0) steps.push_back(i);
    }
    if (static_cast<int64_t>(steps.size()) != encodings) continue;
    const auto order = [&](const Steps& s) { return std::tuple(-sum(similarity, s), squares(s, n), s); };
    if (best.empty() || order(steps) < order(best)) best = steps;
  }
  return best;
}

TEST(ReuseSchedule, IsTheBestOfAllSubsets) {
  std::mt19937 random(5);
  for (size_t n = 1; n <= 9; ++n) {
    for (int64_t encodings = 1; encodings <= static_cast<int64_t>(n); ++encodings) {
      for (const uint32_t values : {1U, 2U, 4U, 1000U}) {  // few values: many equals; whole numbers add up exactly
        const Similarity similarity = matrix(n, [&](size_t, size_t) { return random() % values; });
        EXPECT_EQ(best_encode_steps(similarity, encodings), best_of_all(similarity, encodings))
            << n << " steps, " << encodings << " encodings, " << values << " values";
      }
    }
  }
}

TEST(ReuseSchedule, TakesNegativeNumbers) {
  const Similarity similarity =
      matrix(7, [](size_t i, size_t j) { return i == j ? 1.0 : -static_cast<double>(i + j); });
  EXPECT_EQ(best_encode_steps(similarity, 3), best_of_all(similarity, 3));
}

TEST(ReuseSchedule, EncodesWhereSChangesMost) {
  const Similarity similarity = matrix(10, [](size_t i, size_t j) { return (i < 7) == (j < 7) ? 0.9 : 0.1; });
  EXPECT_EQ(best_encode_steps(similarity, 2), (Steps{0, 7}));
}

TEST(ReuseSchedule, OneIsTheFirstAndNAreAll) {
  const Similarity similarity = matrix(5, [](size_t i, size_t j) { return i == j ? 1.0 : 0.5; });
  EXPECT_EQ(best_encode_steps(similarity, 1), (Steps{0}));
  EXPECT_EQ(best_encode_steps(similarity, 5), (Steps{0, 1, 2, 3, 4}));
  EXPECT_EQ(best_encode_steps({{1.0}}, 1), (Steps{0}));
}

TEST(ReuseSchedule, OfEqualsTheMostUniform) {
  const Similarity alike = matrix(25, [](size_t, size_t) { return 1.0; });
  EXPECT_EQ(best_encode_steps(alike, 5), (Steps{0, 5, 10, 15, 20}));
  EXPECT_EQ(best_encode_steps(matrix(5, [](size_t, size_t) { return 0.0; }), 2), (Steps{0, 2}));
}

TEST(ReuseSchedule, UniformIsReuseWhereItDivides) {
  EXPECT_EQ(uniform_encode_steps(12, 4), (Steps{0, 3, 6, 9}));
  EXPECT_EQ(uniform_encode_steps(10, 4), (Steps{0, 2, 5, 7}));
  EXPECT_EQ(uniform_encode_steps(3, 3), (Steps{0, 1, 2}));
}

TEST(ReuseSchedule, ReusedSimilarityIsThatOfTheLastEncoding) {
  const Similarity similarity = matrix(5, [](size_t i, size_t j) { return static_cast<double>(10 * i + j); });
  EXPECT_EQ(reused_similarity(similarity, {0, 1, 3}), (std::vector<double>{0, 11, 21, 33, 43}));
}

TEST(ReuseSchedule, RefusesWhatHasNoAnswer) {
  const Similarity three = matrix(3, [](size_t, size_t) { return 1.0; });
  for (const int64_t encodings : {-1, 0, 4}) {
    EXPECT_NE(thrown<RequestError>([&] { best_encode_steps(three, encodings); }).find("1 to 3"), std::string::npos);
  }
  thrown<RequestError>([] { best_encode_steps({}, 1); });
  EXPECT_NE(thrown<RequestError>([] { best_encode_steps({{1}, {1}}, 1); }).find("row 1"), std::string::npos);
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    Similarity similarity = three;
    similarity[2][1] = bad;
    EXPECT_NE(thrown<RequestError>([&] { best_encode_steps(similarity, 3); }).find("steps 1 and 2"), std::string::npos);
  }
}

}  // namespace
}  // namespace pixnerd::diffusion
