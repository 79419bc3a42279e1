#include "kernels/scratch.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace pixnerd::kernels {
namespace {

TEST(ScratchTest, PiecesAreAlignedAndApart) {
  for (int round = 0; round < 3; ++round) {
    Scratch scratch;
    std::vector<float*> pieces;
    for (const int64_t count : {1, 17, 1000, 1 << 19, 5, 1 << 20}) {
      float* piece = scratch.floats(count);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(piece) % 64, 0U);
      piece[0] = piece[count - 1] = static_cast<float>(count);
      pieces.push_back(piece);
    }
    EXPECT_EQ(*pieces[0], 1);
    EXPECT_EQ(*pieces[1], 17);
    EXPECT_EQ(pieces[3][(1 << 19) - 1], 1 << 19);
  }
}

TEST(ScratchTest, NestedPiecesLeaveTheOuterOnesAlone) {
  Scratch outer;
  float* kept = outer.floats(16);
  kept[15] = 3;
  for (int i = 0; i < 4; ++i) {
    Scratch inner;
    float* piece = inner.floats(1 << 21);
    piece[0] = 4;
    EXPECT_NE(piece, kept);
  }
  EXPECT_EQ(kept[15], 3);
}

TEST(ScratchTest, MemoryIsUsedAgain) {
  const auto first_of_three = [] {
    Scratch scratch;
    float* first = scratch.floats(100);
    scratch.floats(1 << 22);
    scratch.floats(1 << 22);
    return first;
  };
  first_of_three();
  EXPECT_EQ(first_of_three(), first_of_three());
}

}  // namespace
}  // namespace pixnerd::kernels
