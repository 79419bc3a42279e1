#include "kernels/adamw.h"

#include <gtest/gtest.h>

#include <string>

#include "kernels/reference.h"
#include "tests/kernels/values.h"

namespace pixnerd::kernels {
namespace {

struct AdamWCase {
  explicit AdamWCase(int64_t count)
      : parameter(Values<float>::normal(count, 1)),
        gradient(Values<float>::normal(count, 2)),
        exp_avg(Values<float>::normal(count, 3, 0.1)),
        exp_avg_sq(Values<float>::normal(count, 4)),
        average(Values<float>::normal(count, 5)) {
    for (float& value : exp_avg_sq) value *= value;
  }

  AdamWArrays arrays() {
    return {parameter.data(), gradient.data(), exp_avg.data(), exp_avg_sq.data(), average.data()};
  }

  Values<float> parameter, gradient, exp_avg, exp_avg_sq, average;
};

TEST(AdamWTest, EverySetAgreesWithTheReferenceWholeAndInRanges) {
  const AdamWStep step{1e-2, {0.8, 0.95}, 1e-6, 0.1, 3, 0.5, 0.25};
  for (const int64_t count : {1, 15, 16, 100}) {
    AdamWCase expected(count);
    reference::adamw_step(step, expected.arrays(), {0, count});
    for (const Isa isa : available_isas()) {
      SCOPED_TRACE(std::string(isa_name(isa)) + ", " + std::to_string(count) + " values");
      AdamWCase got(count);
      adamw_step(step, got.arrays(), {count / 3, count}, isa);
      adamw_step(step, got.arrays(), {0, count / 3}, isa);
      EXPECT_LT(relative_error(got.parameter, expected.parameter), 1e-6);
      EXPECT_LT(relative_error(got.exp_avg, expected.exp_avg), 1e-6);
      EXPECT_LT(relative_error(got.exp_avg_sq, expected.exp_avg_sq), 1e-6);
      EXPECT_LT(relative_error(got.average, expected.average), 1e-6);
    }
  }
}

}  // namespace
}  // namespace pixnerd::kernels
