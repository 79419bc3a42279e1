#include "train/power_profile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace pixnerd::train {
namespace {

std::vector<PowerProfile> spread(int64_t count, int64_t steps) {
  std::vector<PowerProfile> profiles;
  for (int64_t i = 1; i <= count; ++i) {
    for (const double sigma_rel : {0.05, 0.1}) profiles.push_back({steps * i / count, sigma_rel});
  }
  return profiles;
}

// The density of a profile in the middle of step k.
double density(const PowerProfile& profile, int64_t k) {
  if (k > profile.step) return 0;
  const double gamma = gamma_of(profile.sigma_rel), end = static_cast<double>(profile.step);
  return (gamma + 1) / end * std::pow((static_cast<double>(k) - 0.5) / end, gamma);
}

// Values of table 3 of Karras et al.: gamma 16.97 and 6.94 are .05 and .10.
TEST(PowerProfile, ExponentAndLengthArePublishedOnes) {
  EXPECT_NEAR(gamma_of(0.05), 16.97, 0.005);
  EXPECT_NEAR(gamma_of(0.10), 6.94, 0.005);
  for (const double length : {0.001, 0.0123, 0.1, 0.28}) EXPECT_NEAR(sigma_rel_of(gamma_of(length)), length, 1e-12);
}

TEST(PowerProfile, LengthIsTheStandardDeviationOverTheRun) {
  const PowerProfile profile{10'000, 0.15};
  double sum = 0, mean = 0, square = 0;
  for (int64_t k = 1; k <= profile.step; ++k) {
    const double time = static_cast<double>(k) / static_cast<double>(profile.step), weight = density(profile, k);
    sum += weight;
    mean += weight * time;
    square += weight * time * time;
  }
  EXPECT_NEAR(sum, 1.0, 1e-5);
  EXPECT_NEAR(std::sqrt(square - mean * mean), 0.15, 1e-5);
}

TEST(PowerProfile, TheFirstStepLeavesNothingOfWhatWasBefore) {
  EXPECT_EQ(power_decay(6.94, 1), 0.0);
  EXPECT_NEAR(power_decay(6.94, 800'000), 1.0 - 7.94 / 800'000, 1e-9);
}

TEST(Combination, OfWhatIsThereIsItself) {
  const auto given = spread(4, 1000);
  const Combination combination = combine(given, {1000, 0.1});
  EXPECT_NEAR(combination.error, 0.0, 1e-6);
  EXPECT_NEAR(combination.weights.back(), 1.0, 1e-9);
}

TEST(Combination, ErrorIsThatOfTheCombinedProfile) {
  const auto given = spread(8, 6'400);
  for (const PowerProfile wanted : {PowerProfile{6'400, 0.03}, {6'400, 0.2}, {5'000, 0.1}}) {
    const Combination combination = combine(given, wanted);
    EXPECT_NEAR(std::accumulate(combination.weights.begin(), combination.weights.end(), 0.0), 1.0, 1e-9);
    double squared = 0, of_wanted = 0;
    for (int64_t k = 1; k <= 6'400; ++k) {
      double combined = 0;
      for (size_t i = 0; i < given.size(); ++i) combined += combination.weights[i] * density(given[i], k);
      squared += std::pow(combined - density(wanted, k), 2);
      of_wanted += std::pow(density(wanted, k), 2);
    }
    EXPECT_NEAR(combination.error, std::sqrt(squared / of_wanted), 1e-3);
  }
}

TEST(LengthsWithinReach, WidenWithTheNumberOfSnapshots) {
  const auto few = lengths_within_reach(spread(2, 1000), 1000), many = lengths_within_reach(spread(64, 64'000), 64'000);
  ASSERT_TRUE(few && many);
  EXPECT_LT((*few)[0], 0.05);
  EXPECT_GT((*few)[1], 0.1);
  EXPECT_LT((*many)[0], 0.021);
  EXPECT_GT((*many)[1], 0.25);
  EXPECT_TRUE(combine(spread(2, 1000), {1000, (*few)[1]}).is_near());
  EXPECT_GT(combine(spread(2, 1000), {1000, (*few)[1] * 1.05}).error, kLargestProfileError);
  EXPECT_FALSE(combine(spread(64, 64'000), {64'000, (*many)[0] * 0.95}).is_near());
}

TEST(LengthsWithinReach, AreNoneFarFromEverySnapshot) {
  EXPECT_FALSE(lengths_within_reach(spread(1, 1000), 400));
  EXPECT_FALSE(lengths_within_reach(spread(1, 1000), 4000));
}

}  // namespace
}  // namespace pixnerd::train
