#include "kernels/resample.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "kernels/reference.h"

namespace pixnerd::kernels {
namespace {

// Outputs that take 1 to `most` of `inputs` each, one or two further on than the one before; sums reach beyond bytes.
struct Taps {
  Taps(int32_t outputs, int32_t most, uint32_t seed) {
    std::mt19937 random(seed);
    for (int32_t i = 0, at = 1; i < outputs; ++i, at += 1 + static_cast<int32_t>(random() % 2)) {
      const auto count = i + 1 < outputs ? 1 + static_cast<int32_t>(random() % static_cast<uint32_t>(most)) : most;
      first.push_back(at);
      for (int32_t j = 0; j < count; ++j) {
        weights.push_back(static_cast<int32_t>(random() % (1 << (kWeightBits + 1))) / count * (j % 3 == 2 ? -1 : 1));
      }
      start.push_back(static_cast<int32_t>(weights.size()));
    }
  }

  ResampleTaps view() const { return {static_cast<int64_t>(first.size()), first.data(), start.data(), weights.data()}; }

  std::vector<int32_t> first, start{0}, weights;
};

std::vector<uint8_t> random_bytes(int64_t count) {
  std::mt19937 random(7);
  std::vector<uint8_t> bytes(static_cast<size_t>(count));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

TEST(ResampleWidthTest, EverySetGivesTheReferencesBytesAndTouchesNoOthers) {
  for (const int32_t outputs : {1, 3, 5, 6, 11, 37, 256}) {
    for (const int64_t rows : {1, 7, 16, 35}) {
      const Taps taps(outputs, 7, static_cast<uint32_t>(outputs));
      const int64_t x_stride = 3 * taps.view().end() + 5, y_stride = 3 * outputs + 2;
      const std::vector<uint8_t> x = random_bytes(rows * x_stride);
      std::vector<uint8_t> expected(static_cast<size_t>(rows * y_stride), 9);
      reference::resample_width(taps.view(), {x.data(), x_stride, expected.data(), y_stride}, {0, rows});
      for (const Isa isa : available_isas()) {
        SCOPED_TRACE(std::string(isa_name(isa)) + ", " + std::to_string(outputs) + " x " + std::to_string(rows));
        std::vector<uint8_t> found(expected.size(), 9);
        const ResampleRows pixels{x.data(), x_stride, found.data(), y_stride};
        for (const Range range : {Range{0, rows / 3}, Range{rows / 3, rows}}) {
          resample_width(taps.view(), pixels, range, isa);
        }
        EXPECT_EQ(found, expected);
      }
    }
  }
}

TEST(ResampleHeightTest, EverySetGivesTheReferencesBytesAndTouchesNoOthers) {
  constexpr int32_t kOutputs = 9;
  const Taps taps(kOutputs, 6, 3);
  for (const int64_t width : {1, 3, 15, 16, 17, 63, 64, 96, 129, 768}) {
    const int64_t x_stride = width + 1, y_stride = width + 3;
    const std::vector<uint8_t> x = random_bytes(taps.view().end() * x_stride);
    std::vector<uint8_t> expected(static_cast<size_t>(kOutputs * y_stride), 9);
    reference::resample_height(taps.view(), width, {x.data(), x_stride, expected.data(), y_stride}, {0, kOutputs});
    for (const Isa isa : available_isas()) {
      SCOPED_TRACE(std::string(isa_name(isa)) + ", width " + std::to_string(width));
      std::vector<uint8_t> found(expected.size(), 9);
      const ResampleRows pixels{x.data(), x_stride, found.data(), y_stride};
      for (const Range range : {Range{0, 4}, Range{4, kOutputs}}) {
        resample_height(taps.view(), width, pixels, range, isa);
      }
      EXPECT_EQ(found, expected);
    }
  }
}

TEST(ResampleTest, TheReferenceRoundsToTheNearestAndClips) {
  const int32_t half = 1 << (kWeightBits - 1);
  const std::vector<int32_t> first{0, 0, 0, 0}, start{0, 1, 3, 5, 6}, weights{half, half, half, 4 * half, half, -half};
  const std::vector<uint8_t> x{7, 200};  // two rows of a byte
  std::vector<uint8_t> y(4);
  reference::resample_height({4, first.data(), start.data(), weights.data()}, 1, {x.data(), 1, y.data(), 1}, {0, 4});
  EXPECT_EQ(y, (std::vector<uint8_t>{4, 104, 114, 0}));
}

}  // namespace
}  // namespace pixnerd::kernels
