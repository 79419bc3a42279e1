#include "train/power_average.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Generator.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/noise.h"
#include "train/power_profile.h"

namespace pixnerd::train {
namespace {

// The published definition, as a sum over all steps: k^gamma is integrated over step k.
double by_hand(const std::vector<double>& values, double gamma) {
  const auto power = [&](size_t k) { return std::pow(static_cast<double>(k), gamma + 1); };
  double sum = 0;
  for (size_t k = 1; k <= values.size(); ++k) sum += (power(k) - power(k - 1)) * values[k - 1];
  return sum / power(values.size());
}

TEST(PowerAverages, AreWeightedByAPowerOfTheStep) {
  at::Tensor x = at::full({5}, 100.0);
  PowerAverages averages({x}, {0.05, 0.1});
  std::vector<double> values;
  for (int64_t step = 1; step <= 40; ++step) {
    values.push_back(std::sin(static_cast<double>(step)));
    x.fill_(values.back());
    averages.update({x}, step);
  }
  for (size_t i = 0; i < 2; ++i) {
    const double expected = by_hand(values, gamma_of(averages.sigma_rel(i)));
    EXPECT_NEAR(averages.average(i)[0][3].item<double>(), expected, 1e-6);
  }
}

TEST(PowerAverages, CountWhatCameBeforeThemAsWhatTheyBeganWith) {
  at::Tensor x = at::full({2}, 3.0);
  PowerAverages averages({x}, {0.1});
  std::vector<double> values(10, 3.0);
  for (int64_t step = 11; step <= 30; ++step) {
    values.push_back(static_cast<double>(step));
    x.fill_(values.back());
    averages.update({x}, step);
  }
  EXPECT_NEAR(averages.average(0)[0][0].item<double>(), by_hand(values, gamma_of(0.1)), 1e-5);
}

TEST(PowerAverages, AreTheSameOfSlicesAndOnAnyNumberOfThreads) {
  const int threads = at::get_num_threads();
  at::Generator generator = diffusion::seeded_generator(1);
  const at::Tensor first = at::randn({70'001}, generator), second = at::randn({70'001}, generator);
  const auto averaged = [&](const std::vector<std::pair<int64_t, int64_t>>& slices, int number_of_threads) {
    at::set_num_threads(number_of_threads);
    std::vector<at::Tensor> before, after;
    for (const auto& [begin, size] : slices) {
      before.push_back(first.narrow(0, begin, size));
      after.push_back(second.narrow(0, begin, size));
    }
    PowerAverages averages(before, {0.05, 0.1});
    averages.update(after, 7);
    averages.update(before, 8);
    return averages.average(1).back().narrow(0, averages.average(1).back().size(0) - 100, 100).clone();
  };
  const at::Tensor whole = averaged({{0, 70'001}}, 1);
  EXPECT_TRUE(at::equal(whole, averaged({{0, 70'001}}, 3)));
  EXPECT_TRUE(at::equal(whole, averaged({{0, 13}, {13, 69'988}}, 2)));
  at::set_num_threads(threads);
}

}  // namespace
}  // namespace pixnerd::train
