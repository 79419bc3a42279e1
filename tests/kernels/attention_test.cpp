#include "kernels/attention.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "kernels/reference.h"
#include "tests/kernels/values.h"

namespace pixnerd::kernels {
namespace {

template <class T>
struct AttentionCase {
  explicit AttentionCase(const AttentionShape& sizes, int64_t samples_count = 1)
      : shape(sizes),
        samples(samples_count),
        q(Values<T>::normal(samples * shape.heads * shape.queries * shape.width, 1, 2)),
        k(Values<T>::normal(samples * shape.heads * shape.keys * shape.width, 2, 2)),
        v(Values<T>::normal(samples * shape.heads * shape.keys * shape.width, 3)),
        y(q.size()) {}

  AttentionForward<T> forward() { return {q.data(), k.data(), v.data(), y.data()}; }
  void run(Isa isa, Range heads) { attention_forward(shape, forward(), heads, isa); }
  void run(Isa isa) { run(isa, {0, samples * shape.heads}); }

  AttentionShape shape;
  int64_t samples;
  Values<T> q, k, v, y;
};

const AttentionShape kShapes[] = {{1, 1, 1, 1},      {2, 3, 5, 2},     {3, 33, 17, 5},
                                  {2, 64, 64, 32},   {1, 70, 67, 12},  {3, 100, 130, 72},
                                  {2, 257, 256, 64}, {1, 40, 513, 64}, {1, 9, 1541, 128}};

template <class T>
void expect_all_shapes_close(double tolerance) {
  for (const AttentionShape& shape : kShapes) {
    AttentionCase<T> given(shape, 2);
    AttentionCase<double> expected(shape, 2);
    expected.q = Values<double>::of(given.q);
    expected.k = Values<double>::of(given.k);
    expected.v = Values<double>::of(given.v);
    reference::attention_forward(shape, expected.forward(), {0, 2 * shape.heads});
    for (const Isa isa : available_isas()) {
      SCOPED_TRACE(std::string(isa_name(isa)) + ", L " + std::to_string(shape.queries) + ", M " +
                   std::to_string(shape.keys) + ", d " + std::to_string(shape.width));
      AttentionCase<T> got = given;
      got.run(isa);
      EXPECT_LT(relative_error(got.y, expected.y), tolerance);
    }
  }
}

TEST(AttentionKernelTest, EverySetAgreesWithTheReferenceAtEverySize) {
  expect_all_shapes_close<float>(1e-5);
}

TEST(AttentionKernelTest, EverySetAgreesWithTheReferenceInBFloat16) {
  expect_all_shapes_close<BFloat16>(1e-2);
}

TEST(AttentionKernelTest, HeadsAndQueriesAreTheSameAloneAndTogether) {
  for (const Isa isa : available_isas()) {
    SCOPED_TRACE(std::string(isa_name(isa)));
    AttentionCase<BFloat16> whole({3, 37, 600, 32}, 2), parts = whole, few({1, 5, 600, 32});
    whole.run(isa);
    for (const Range heads : {Range{4, 6}, Range{0, 1}, Range{1, 1}, Range{1, 4}}) parts.run(isa, heads);
    for (int64_t i = 0; i < whole.y.size(); ++i) ASSERT_EQ(whole.y[i].bits, parts.y[i].bits) << i;
    for (int64_t i = 0; i < few.q.size(); ++i) few.q[i] = whole.q[i];
    few.k = whole.k;
    few.v = whole.v;
    few.run(isa);
    for (int64_t row = 0; row < 5; ++row) {
      for (int64_t j = 0; j < 32; ++j) ASSERT_EQ(few.y[row * 32 + j].bits, whole.y[row * 96 + j].bits) << row;
    }
  }
}

TEST(AttentionKernelTest, GreatScoresInALaterBlockCount) {
  for (const Isa isa : available_isas()) {
    SCOPED_TRACE(std::string(isa_name(isa)));
    AttentionCase<float> given({1, 3, 1200, 16});
    for (int64_t j = 0; j < 16; ++j) given.k[1100 * 16 + j] = 50 * given.q[j];
    given.run(isa);
    for (int64_t j = 0; j < 16; ++j) EXPECT_FLOAT_EQ(given.y[j], given.v[1100 * 16 + j]);
  }
}

TEST(AttentionKernelTest, AQueryThatIsNotFiniteGivesNothingFinite) {
  for (const Isa isa : available_isas()) {
    SCOPED_TRACE(std::string(isa_name(isa)));
    AttentionCase<BFloat16> given({1, 70, 37, 16});
    given.q[66 * 16 + 3] = BFloat16(std::numeric_limits<float>::quiet_NaN());
    given.run(isa);
    for (int64_t i = 0; i < given.y.size(); ++i) {
      EXPECT_EQ(std::isfinite(static_cast<float>(given.y[i])), i / 16 != 66) << i;
    }
  }
}

}  // namespace
}  // namespace pixnerd::kernels
