// Only that the loops run and count what they do: how fast they are is what they measure.
#include "kernels/peak.h"

#include <gtest/gtest.h>

#include "kernels/peak_tiles.h"

namespace pixnerd::kernels {
namespace {

TEST(Peak, OperationsGrowWithRounds) {
  for (const Isa isa : available_isas()) {
    const int64_t once = run_multiply_adds(100, isa);
    EXPECT_GT(once, 0) << isa_name(isa);
    EXPECT_EQ(run_multiply_adds(300, isa), 3 * once) << isa_name(isa);
  }
  EXPECT_EQ(run_bfloat16_dots(2400), 3 * run_bfloat16_dots(800));
}

TEST(Peak, TilesMultiplySixPairsARound) {
  if (!has_tiles()) GTEST_SKIP() << "no matrix tiles here";
  EXPECT_EQ(run_tile_products(100), 100 * 6 * 2 * 16 * 16 * 32);
  EXPECT_EQ(run_bfloat16_dots(800), run_tile_products(100));
}

}  // namespace
}  // namespace pixnerd::kernels
