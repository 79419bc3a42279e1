#include "kernels/bfloat16.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "kernels/gate.h"
#include "tests/kernels/values.h"

namespace pixnerd::kernels {
namespace {

TEST(BFloat16Test, RoundsToNearestAndTiesToEven) {
  EXPECT_EQ(static_cast<float>(BFloat16(1.0F)), 1.0F);
  EXPECT_EQ(BFloat16(std::bit_cast<float>(0x3F808000U)).bits, 0x3F80);  // a tie, down to even
  EXPECT_EQ(BFloat16(std::bit_cast<float>(0x3F818000U)).bits, 0x3F82);  // a tie, up to even
  EXPECT_EQ(BFloat16(std::bit_cast<float>(0x3F808001U)).bits, 0x3F81);
  EXPECT_EQ(BFloat16(std::numeric_limits<float>::infinity()).bits, 0x7F80);
  EXPECT_EQ(BFloat16(std::numeric_limits<float>::max()).bits, 0x7F80);
}

// x + 0 * 0 keeps x, so the stored result is x rounded.
TEST(BFloat16Test, EverySetRoundsAlike) {
  const float inputs[] = {0.0F,
                          -0.0F,
                          1.00390625F,
                          1.01171875F,
                          3e38F,
                          3.4e38F,
                          1e-40F,
                          -1.7F,
                          std::numeric_limits<float>::infinity(),
                          std::bit_cast<float>(0x7F800001U)};
  for (const Isa isa : available_isas()) {
    SCOPED_TRACE(std::string(isa_name(isa)));
    for (const float input : inputs) {
      const BFloat16 once(input);
      // 257 / 256 of a value with eight significant bits lies between two neighbours.
      Values<BFloat16> x(40), gate(40), h(40), y(40);
      for (int64_t i = 0; i < 40; ++i) {
        x[i] = once;
        gate[i] = BFloat16(1.0F / 256);
        h[i] = once;
      }
      const GateShape shape{40, 1, 40};
      gate_forward(shape, GateForward<BFloat16>{x.data(), gate.data(), h.data(), y.data()}, {0, 1}, isa);
      const float value = static_cast<float>(once);
      const BFloat16 expected(value + value / 256);
      for (int64_t i = 0; i < 40; ++i) {
        if (std::isnan(value)) {
          EXPECT_TRUE(std::isnan(static_cast<float>(y[i])));
        } else {
          EXPECT_EQ(y[i].bits, expected.bits) << input;
        }
      }
    }
  }
}

}  // namespace
}  // namespace pixnerd::kernels
