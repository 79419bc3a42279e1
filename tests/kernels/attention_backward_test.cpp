#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "kernels/attention.h"
#include "kernels/reference.h"
#include "tests/kernels/values.h"

namespace pixnerd::kernels {
namespace {

template <class T>
struct BackwardCase {
  BackwardCase(const AttentionShape& sizes, int64_t samples_count)
      : shape(sizes),
        heads(samples_count * sizes.heads),
        q(Values<T>::normal(heads * shape.queries * shape.width, 1, 2)),
        k(Values<T>::normal(heads * shape.keys * shape.width, 2)),
        v(Values<T>::normal(heads * shape.keys * shape.width, 3)),
        y(q.size()),
        grad_y(Values<T>::normal(q.size(), 4)),
        grad_q(q.size()),
        grad_k(k.size()),
        grad_v(v.size()),
        log_sums(static_cast<size_t>(heads * shape.queries)) {}

  // The same values in double, with what becomes of them by the reference.
  template <class Other>
  static BackwardCase of(const BackwardCase<Other>& other) {
    BackwardCase exact(other.shape, other.heads / other.shape.heads);
    exact.q = Values<T>::of(other.q);
    exact.k = Values<T>::of(other.k);
    exact.v = Values<T>::of(other.v);
    exact.grad_y = Values<T>::of(other.grad_y);
    exact.reference_forward();
    reference::attention_backward(exact.shape, exact.backward(), {0, exact.heads});
    return exact;
  }

  AttentionForward<T> forward() { return {q.data(), k.data(), v.data(), y.data(), log_sums.data()}; }
  AttentionBackward<T> backward() {
    return {q.data(),      k.data(),      v.data(),      y.data(),     log_sums.data(),
            grad_y.data(), grad_q.data(), grad_k.data(), grad_v.data()};
  }
  void reference_forward() { reference::attention_forward(shape, forward(), {0, heads}); }
  void run(Isa isa) {
    attention_forward(shape, forward(), {0, heads}, isa);
    attention_backward(shape, backward(), {0, heads}, isa);
  }

  AttentionShape shape;
  int64_t heads;
  Values<T> q, k, v, y, grad_y, grad_q, grad_k, grad_v;
  std::vector<float> log_sums;
};

const AttentionShape kShapes[] = {{1, 1, 1, 1},    {2, 3, 5, 2},      {3, 33, 17, 5},    {2, 64, 64, 32},
                                  {1, 70, 67, 12}, {3, 100, 130, 72}, {2, 257, 256, 64}, {1, 40, 385, 64},
                                  {1, 391, 9, 8},  {1, 131, 129, 128}};

template <class T>
void expect_all_shapes_close(double tolerance) {
  for (const AttentionShape& shape : kShapes) {
    const BackwardCase<T> given(shape, 2);
    const auto expected = BackwardCase<double>::of(given);
    for (const Isa isa : available_isas()) {
      SCOPED_TRACE(std::string(isa_name(isa)) + ", L " + std::to_string(shape.queries) + ", M " +
                   std::to_string(shape.keys) + ", d " + std::to_string(shape.width));
      BackwardCase<T> got = given;
      got.run(isa);
      for (size_t i = 0; i < got.log_sums.size(); ++i) {
        ASSERT_NEAR(got.log_sums[i], expected.log_sums[i],
                    1e-5 * (1 + std::abs(expected.log_sums[i])) + tolerance / 100);
      }
      EXPECT_LT(relative_error(got.grad_q, expected.grad_q), tolerance);
      EXPECT_LT(relative_error(got.grad_k, expected.grad_k), tolerance);
      EXPECT_LT(relative_error(got.grad_v, expected.grad_v), tolerance);
    }
  }
}

TEST(AttentionBackwardTest, EverySetAgreesWithTheReferenceAtEverySize) {
  expect_all_shapes_close<float>(1e-5);
}

TEST(AttentionBackwardTest, EverySetAgreesWithTheReferenceInBFloat16) {
  expect_all_shapes_close<BFloat16>(1.5e-2);
}

TEST(AttentionBackwardTest, TheReferenceHasTheSlopesOfTheForwardPass) {
  auto given = BackwardCase<double>::of(BackwardCase<float>({2, 5, 7, 4}, 2));
  const auto value = [&] {
    given.reference_forward();
    return inner_product(given.y, given.grad_y);
  };
  const auto expect_slopes = [&](Values<double>& x, const Values<double>& grad) {
    for (int64_t i = 0; i < x.size(); ++i) EXPECT_NEAR(slope(x[i], value), grad[i], 1e-6) << i;
  };
  expect_slopes(given.q, given.grad_q);
  expect_slopes(given.k, given.grad_k);
  expect_slopes(given.v, given.grad_v);
}

TEST(AttentionBackwardTest, HeadsAreTheSameAloneAndTogether) {
  for (const Isa isa : available_isas()) {
    SCOPED_TRACE(std::string(isa_name(isa)));
    BackwardCase<BFloat16> whole({3, 150, 137, 32}, 2);
    whole.run(isa);
    BackwardCase<BFloat16> parts = whole;
    for (Values<BFloat16>* grad : {&parts.grad_q, &parts.grad_k, &parts.grad_v}) {
      for (BFloat16& value : *grad) value = BFloat16(0);
    }
    for (const Range heads : {Range{4, 6}, Range{0, 1}, Range{1, 1}, Range{1, 4}}) {
      attention_backward(parts.shape, parts.backward(), heads, isa);
    }
    for (int64_t i = 0; i < whole.grad_q.size(); ++i) ASSERT_EQ(whole.grad_q[i].bits, parts.grad_q[i].bits) << i;
    for (int64_t i = 0; i < whole.grad_k.size(); ++i) {
      ASSERT_EQ(whole.grad_k[i].bits, parts.grad_k[i].bits) << i;
      ASSERT_EQ(whole.grad_v[i].bits, parts.grad_v[i].bits) << i;
    }
  }
}

}  // namespace
}  // namespace pixnerd::kernels
