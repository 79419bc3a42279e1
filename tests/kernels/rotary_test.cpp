#include "kernels/rotary.h"

#include <gtest/gtest.h>

#include <string>

#include "kernels/reference.h"
#include "tests/kernels/values.h"

namespace pixnerd::kernels {
namespace {

constexpr int64_t kSamples = 2, kPositions = 5, kHeads = 3, kTokens = kSamples * kPositions;

HeadStrides inside_qkv(int64_t width) {  // [B, L, 3, H, d]
  return {kPositions * 3 * kHeads * width, 3 * kHeads * width, width};
}
HeadStrides positions_first(int64_t width) {  // [B, L, H, d]
  return {kPositions * kHeads * width, kHeads * width, width};
}
HeadStrides heads_first(int64_t width) {  // [B, H, L, d]
  return {kPositions * kHeads * width, width, kPositions * width};
}

template <class T>
struct RotaryCase {
  RotaryCase(int64_t width, HeadStrides of_y, bool with_table)
      : shape{kPositions, kHeads, width, inside_qkv(width), of_y},
        rotated(with_table),
        x(Values<T>::normal(3 * kTokens * kHeads * width, 1)),
        grad_y(Values<T>::normal(kTokens * kHeads * width, 2)),
        weight(Values<float>::normal(width, 3)),
        table(Values<float>::normal(kPositions * width, 4)),  // no true angles: each entry must be used as it stands
        y(kTokens * kHeads * width),
        grad_x(x.size()),
        grad_weight(width) {}

  const float* turns() const { return rotated ? table.data() : nullptr; }
  RotaryForward<T> forward() { return {x.data(), weight.data(), turns(), y.data()}; }
  RotaryBackward<T> backward() {
    return {x.data(), weight.data(), turns(), grad_y.data(), grad_x.data(), grad_weight.data()};
  }
  void run(Isa isa, Range range) {
    rotary_forward(shape, forward(), range, isa);
    rotary_backward(shape, backward(), range, isa);
  }
  void run_reference() {
    reference::rotary_forward(shape, forward(), {0, kTokens});
    reference::rotary_backward(shape, backward(), {0, kTokens});
  }

  RotaryShape shape;
  bool rotated;
  Values<T> x, grad_y;
  Values<float> weight, table;
  Values<T> y, grad_x;
  Values<float> grad_weight;
};

template <class T>
void expect_close(const RotaryCase<T>& got, const RotaryCase<double>& expected) {
  EXPECT_LT(relative_error(got.y, expected.y), kTolerance<T>);
  EXPECT_LT(relative_error(got.grad_x, expected.grad_x), kTolerance<T>);
  EXPECT_LT(relative_error(got.grad_weight, expected.grad_weight), kTolerance<T>);
}

template <class T>
void expect_all_sizes_close() {
  for (const int64_t width : {4, 8, 48, 64, 72, 130}) {
    for (const HeadStrides& of_y : {positions_first(width), heads_first(width)}) {
      for (const bool rotated : {true, false}) {
        RotaryCase<double> expected(width, of_y, rotated);
        expected.run_reference();
        for (const Isa isa : available_isas()) {
          SCOPED_TRACE(std::string(isa_name(isa)) + ", head width " + std::to_string(width));
          RotaryCase<T> whole(width, of_y, rotated), split(width, of_y, rotated);
          whole.run(isa, {0, kTokens});
          expect_close(whole, expected);
          for (const Range range : {Range{7, 10}, Range{0, 3}, Range{3, 7}}) split.run(isa, range);
          expect_close(split, expected);
        }
      }
    }
  }
}

TEST(RotaryTest, EverySetAgreesWithTheReferenceWholeAndInRanges) {
  expect_all_sizes_close<float>();
  expect_all_sizes_close<BFloat16>();
}

TEST(RotaryTest, ReferenceGradientsAreFiniteDifferences) {
  RotaryCase<double> rotary(4, heads_first(4), true);
  rotary.run_reference();
  const auto value = [&] {
    reference::rotary_forward(rotary.shape, rotary.forward(), {0, kTokens});
    return inner_product(rotary.y, rotary.grad_y);
  };
  for (int64_t i = 0; i < rotary.x.size(); ++i) EXPECT_NEAR(rotary.grad_x[i], slope(rotary.x[i], value), 1e-6);
  for (int64_t i = 0; i < rotary.weight.size(); ++i) {
    EXPECT_NEAR(rotary.grad_weight[i], slope(rotary.weight[i], value, 1e-3), 1e-4);
  }
}

TEST(RotaryTest, NothingButTheHeadsIsWritten) {
  for (const Isa isa : available_isas()) {
    RotaryCase<float> rotary(24, heads_first(24), true);
    for (float& g : rotary.grad_x) g = 7;
    rotary.run(isa, {0, kTokens});
    for (int64_t token = 0; token < kTokens; ++token) {
      for (int64_t j = kHeads * 24; j < 3 * kHeads * 24; ++j) EXPECT_EQ(rotary.grad_x[token * 3 * kHeads * 24 + j], 7);
    }
  }
}

}  // namespace
}  // namespace pixnerd::kernels
