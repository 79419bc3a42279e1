#include "kernels/field_ends.h"

#include <gtest/gtest.h>

#include <string>

#include "kernels/reference.h"
#include "tests/kernels/values.h"

namespace pixnerd::kernels {
namespace {

template <class T>
struct EmbedCase {
  explicit EmbedCase(const FieldEndShape& end_shape)
      : shape(end_shape),
        pixels(Values<T>::normal(kTokens * shape.pixels * shape.channels, 1)),
        grad_u(Values<T>::normal(kTokens * shape.pixels * shape.width, 2)),
        weight(Values<float>::normal(shape.channels * shape.width, 3)),
        table(Values<float>::normal(shape.pixels * shape.width, 4)),
        u(grad_u.size()),
        grad_pixels(pixels.size()),
        grad_weight(weight.size()),
        grad_table(table.size()) {}

  EmbedForward<T> forward() { return {pixels.data(), weight.data(), table.data(), u.data()}; }
  EmbedBackward<T> backward() {
    return {pixels.data(), weight.data(), grad_u.data(), grad_pixels.data(), grad_weight.data(), grad_table.data()};
  }
  void run(Isa isa, Range range) {
    embed_forward(shape, forward(), range, isa);
    embed_backward(shape, backward(), range, isa);
  }
  void run_reference() {
    reference::embed_forward(shape, forward(), {0, kTokens});
    reference::embed_backward(shape, backward(), {0, kTokens});
  }

  static constexpr int64_t kTokens = 3;
  FieldEndShape shape;
  Values<T> pixels, grad_u;
  Values<float> weight, table;
  Values<T> u, grad_pixels;
  Values<float> grad_weight, grad_table;
};

template <class T>
struct FinalCase {
  explicit FinalCase(const FieldEndShape& end_shape)
      : shape(end_shape),
        u(Values<T>::normal(kTokens * shape.pixels * shape.width, 1)),
        grad_v(Values<T>::normal(kTokens * shape.pixels * shape.channels, 2)),
        norm_weight(Values<float>::normal(shape.width, 3)),
        weight(Values<float>::normal(shape.channels * shape.width, 4)),
        bias(Values<float>::normal(shape.channels, 5)),
        v(grad_v.size()),
        grad_u(u.size()),
        grad_norm_weight(shape.width),
        grad_weight(weight.size()),
        grad_bias(shape.channels) {}

  FinalForward<T> forward() { return {u.data(), norm_weight.data(), weight.data(), bias.data(), v.data()}; }
  FinalBackward<T> backward() {
    return {u.data(),      norm_weight.data(),      weight.data(),      grad_v.data(),
            grad_u.data(), grad_norm_weight.data(), grad_weight.data(), grad_bias.data()};
  }
  void run(Isa isa, Range range) {
    final_forward(shape, forward(), range, isa);
    final_backward(shape, backward(), range, isa);
  }
  void run_reference() {
    reference::final_forward(shape, forward(), {0, kTokens});
    reference::final_backward(shape, backward(), {0, kTokens});
  }

  static constexpr int64_t kTokens = 3;
  FieldEndShape shape;
  Values<T> u, grad_v;
  Values<float> norm_weight, weight, bias;
  Values<T> v, grad_u;
  Values<float> grad_norm_weight, grad_weight, grad_bias;
};

template <class T>
void expect_close(const EmbedCase<T>& got, const EmbedCase<double>& expected) {
  EXPECT_LT(relative_error(got.u, expected.u), kTolerance<T>);
  EXPECT_LT(relative_error(got.grad_pixels, expected.grad_pixels), kTolerance<T>);
  EXPECT_LT(relative_error(got.grad_weight, expected.grad_weight), kTolerance<T>);
  EXPECT_LT(relative_error(got.grad_table, expected.grad_table), kTolerance<T>);
}

template <class T>
void expect_close(const FinalCase<T>& got, const FinalCase<double>& expected) {
  EXPECT_LT(relative_error(got.v, expected.v), kTolerance<T>);
  EXPECT_LT(relative_error(got.grad_u, expected.grad_u), kTolerance<T>);
  EXPECT_LT(relative_error(got.grad_norm_weight, expected.grad_norm_weight), kTolerance<T>);
  EXPECT_LT(relative_error(got.grad_weight, expected.grad_weight), kTolerance<T>);
  EXPECT_LT(relative_error(got.grad_bias, expected.grad_bias), kTolerance<T>);
}

template <template <class> class Case, class T>
void expect_all_sizes_close() {
  for (const FieldEndShape& shape : {FieldEndShape{256, 64, 3, true}, FieldEndShape{1, 3, 1, true},
                                     FieldEndShape{65, 17, 4, true}, FieldEndShape{100, 40, 3, false}}) {
    Case<double> expected(shape);
    expected.run_reference();
    for (const Isa isa : available_isas()) {
      SCOPED_TRACE(std::string(isa_name(isa)) + ", N " + std::to_string(shape.pixels) + ", E " +
                   std::to_string(shape.width));
      Case<T> whole(shape), split(shape);
      whole.run(isa, {0, 3});
      expect_close(whole, expected);
      for (const Range range : {Range{2, 3}, Range{0, 2}, Range{1, 1}}) split.run(isa, range);
      expect_close(split, expected);
    }
  }
}

TEST(FieldEndsTest, EmbeddingAgreesWithTheReference) {
  expect_all_sizes_close<EmbedCase, float>();
  expect_all_sizes_close<EmbedCase, BFloat16>();
}

TEST(FieldEndsTest, FinalLayerAgreesWithTheReference) {
  expect_all_sizes_close<FinalCase, float>();
  expect_all_sizes_close<FinalCase, BFloat16>();
}

TEST(FieldEndsTest, ReferenceGradientsOfTheEmbeddingAreFiniteDifferences) {
  EmbedCase<double> embed({3, 4, 2});
  embed.run_reference();
  const auto value = [&] {
    reference::embed_forward(embed.shape, embed.forward(), {0, embed.kTokens});
    return inner_product(embed.u, embed.grad_u);
  };
  for (int64_t i = 0; i < embed.pixels.size(); ++i) {
    EXPECT_NEAR(embed.grad_pixels[i], slope(embed.pixels[i], value), 1e-6);
  }
  for (int64_t i = 0; i < embed.weight.size(); ++i) {
    EXPECT_NEAR(embed.grad_weight[i], slope(embed.weight[i], value, 1e-3), 1e-5);
  }
  for (int64_t i = 0; i < embed.table.size(); ++i) {
    EXPECT_NEAR(embed.grad_table[i], slope(embed.table[i], value, 1e-3), 1e-5);
  }
}

TEST(FieldEndsTest, ReferenceGradientsOfTheFinalLayerAreFiniteDifferences) {
  for (const bool normalise : {true, false}) {
    FinalCase<double> last({3, 4, 2, normalise});
    last.run_reference();
    const auto value = [&] {
      reference::final_forward(last.shape, last.forward(), {0, last.kTokens});
      return inner_product(last.v, last.grad_v);
    };
    for (int64_t i = 0; i < last.u.size(); ++i) EXPECT_NEAR(last.grad_u[i], slope(last.u[i], value), 1e-6);
    for (int64_t i = 0; i < last.norm_weight.size(); ++i) {
      EXPECT_NEAR(last.grad_norm_weight[i], slope(last.norm_weight[i], value, 1e-3), 1e-4);
    }
    for (int64_t i = 0; i < last.weight.size(); ++i) {
      EXPECT_NEAR(last.grad_weight[i], slope(last.weight[i], value, 1e-3), 1e-4);
    }
    for (int64_t i = 0; i < last.bias.size(); ++i) {
      EXPECT_NEAR(last.grad_bias[i], slope(last.bias[i], value, 1e-3), 1e-4);
    }
  }
}

}  // namespace
}  // namespace pixnerd::kernels
