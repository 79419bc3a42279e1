#include "diffusion/time_grid.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace pixnerd::diffusion {
namespace {

TEST(TimeGrid, EndsAtOneWhateverTheLastStepAndShift) {
  for (const int64_t steps : {1, 2, 7}) {
    const auto grid = time_grid(steps, 3.0, 0.01);
    EXPECT_EQ(grid.size(), static_cast<size_t>(steps) + 1);
    EXPECT_EQ(grid.front(), 0.0F);
    EXPECT_EQ(grid.back(), 1.0F);
  }
}

TEST(TimeGrid, TheTenthOfAUniformGridLiesBelowOneTenth) {
  EXPECT_LE(time_grid(50, 1.0)[5], 0.1F);  // so that it is not guided with an interval from 0.1
}

TEST(ShiftTime, AboveOneLingersNearTheNoise) {
  EXPECT_FLOAT_EQ(shift_time(0.5F, 3.0), 0.25F);
  EXPECT_FLOAT_EQ(shift_time(0.5F, 1.0), 0.5F);
}

// The coefficients integrate every polynomial of degree below their number exactly, on any grid.
TEST(AdamsCoefficients, IntegratePolynomialsExactly) {
  const std::vector<float> grid = time_grid(9, 2.5, 0.03);
  for (int64_t order = 1; order <= 4; ++order) {
    for (size_t i = 0; i + 1 < grid.size(); ++i) {
      const auto c = adams_coefficients(grid, i, order);
      EXPECT_NEAR(std::accumulate(c.begin(), c.end(), 0.0), 1.0, 1e-12);
      const double h = static_cast<double>(grid[i + 1]) - grid[i];
      for (size_t power = 0; power < c.size(); ++power) {
        double sum = 0;
        for (size_t j = 0; j < c.size(); ++j) {
          const double node = static_cast<double>(grid[i + 1 - c.size() + j]) - grid[i];
          sum += h * c[j] * std::pow(node, static_cast<double>(power));
        }
        const double exact = std::pow(h, static_cast<double>(power) + 1) / (static_cast<double>(power) + 1);
        EXPECT_NEAR(sum, exact, 1e-10) << "order " << order << " step " << i << " power " << power;
      }
    }
  }
}

}  // namespace
}  // namespace pixnerd::diffusion
