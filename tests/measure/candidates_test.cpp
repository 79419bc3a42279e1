#include "measure/candidates.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace pixnerd::measure {
namespace {

TEST(Compare, RunsCandidatesInTurnAndFreesAfterEach) {
  std::string order;
  const std::array candidates{Candidate{"a", [&] { order += 'a'; }, 1e9, Arithmetic::float32, 0, [&] { order += '.'; }},
                              Candidate{"b", [&] { order += 'b'; }, 0, Arithmetic::float32, 4e6}};
  const Comparison comparison = compare(candidates, 2);
  EXPECT_EQ(order, "a.ba.ba.b");  // once for the memory, then two rounds
  ASSERT_EQ(comparison.rows.size(), 2U);
  EXPECT_EQ(comparison.rows[0].time.seconds.size(), 2U);
  EXPECT_DOUBLE_EQ(comparison.rows[0].speed_up, 1.0);
  EXPECT_GT(comparison.peak_float32, 0);
  EXPECT_DOUBLE_EQ(comparison.rows[0].of_peak, comparison.rows[0].rate / comparison.peak_float32);
  EXPECT_EQ(comparison.rows[1].rate, 0);
  EXPECT_GT(comparison.rows[1].bandwidth, 0);
}

TEST(Compare, SeesTheMemoryOfARun) {
  const std::array candidates{Candidate{"fills", [] {
                                          std::vector<char> block(64 << 20, 1);
                                          volatile char last = block.back();
                                          (void)last;
                                        }}};
  const uint64_t memory = compare(candidates, 1).rows[0].memory;
  if (memory > 0) {  // a system may not tell
    EXPECT_GE(memory, uint64_t{60} << 20);
  }
}

TEST(Text, NamesTheQuestionTheRowAndTheRate) {
  Comparison comparison{200e9, 400e9, {}};
  comparison.rows.push_back({"fast", {{0.5}}, 100e9, 0, 0.5, 1 << 20, 2.0});
  const std::string lines = text("which?", comparison);
  EXPECT_NE(lines.find("which? (peak 200 GFLOP/s in float32, 400 in bfloat16)"), std::string::npos) << lines;
  EXPECT_NE(lines.find("100 GFLOP/s  50 %"), std::string::npos) << lines;
  EXPECT_NE(header("title").find("title, "), std::string::npos);
}

}  // namespace
}  // namespace pixnerd::measure
