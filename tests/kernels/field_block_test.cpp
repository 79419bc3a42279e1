#include "kernels/field_block.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "kernels/reference.h"
#include "tests/kernels/values.h"

namespace pixnerd::kernels {
namespace {

// One block's inputs and what forward and backward make of them. T tokens as in the kernel's header.
template <class T>
struct FieldCase {
  FieldCase(const FieldShape& field_shape, int64_t token_count)
      : shape(field_shape),
        tokens(token_count),
        u(Values<T>::normal(pixels(), 1)),
        parameters(Values<T>::normal(tokens * shape.parameters(), 2)),
        grad_y(Values<T>::normal(pixels(), 3)),
        norm_weight(Values<float>::normal(shape.width, 4)),
        y(pixels()),
        grad_u(pixels()),
        grad_parameters(tokens * shape.parameters()),
        grad_norm_weight(shape.width) {}

  template <class Other>
  explicit FieldCase(const FieldCase<Other>& other) : FieldCase(other.shape, other.tokens) {
    u = Values<T>::of(other.u);
    parameters = Values<T>::of(other.parameters);
    grad_y = Values<T>::of(other.grad_y);
    norm_weight = other.norm_weight;
  }

  int64_t pixels() const { return tokens * shape.pixels * shape.width; }
  FieldForward<T> forward() { return {u.data(), parameters.data(), norm_weight.data(), y.data()}; }
  FieldBackward<T> backward() {
    return {u.data(),      parameters.data(),      norm_weight.data(),     grad_y.data(),
            grad_u.data(), grad_parameters.data(), grad_norm_weight.data()};
  }

  void run(Isa isa, Range range) {
    field_forward(shape, forward(), range, isa);
    field_backward(shape, backward(), range, isa);
  }
  void run(Isa isa) { run(isa, {0, tokens}); }
  void run_reference() {
    reference::field_forward(shape, forward(), {0, tokens});
    reference::field_backward(shape, backward(), {0, tokens});
  }

  FieldShape shape;
  int64_t tokens;
  Values<T> u, parameters, grad_y;
  Values<float> norm_weight;
  Values<T> y, grad_u, grad_parameters;
  Values<float> grad_norm_weight;
};

template <class T>
void expect_close(const FieldCase<T>& got, const FieldCase<double>& expected, double tolerance) {
  EXPECT_LT(relative_error(got.y, expected.y), tolerance);
  EXPECT_LT(relative_error(got.grad_u, expected.grad_u), tolerance);
  EXPECT_LT(relative_error(got.grad_parameters, expected.grad_parameters), tolerance);
  EXPECT_LT(relative_error(got.grad_norm_weight, expected.grad_norm_weight), tolerance);
}

struct Sizes {
  int64_t pixels, width, hidden;
};

const Sizes kSizes[] = {{256, 64, 128}, {64, 32, 64},  {1, 2, 3},   {1, 16, 32},   {7, 3, 5},
                        {65, 17, 33},   {129, 48, 96}, {63, 8, 24}, {5, 64, 20},   {576, 32, 32},
                        {10, 100, 50},  {33, 31, 130}, {8, 16, 16}, {200, 80, 160}};

std::string title(Isa isa, const FieldShape& shape) {
  return std::string(isa_name(isa)) + ", N " + std::to_string(shape.pixels) + ", E " + std::to_string(shape.width) +
         ", H " + std::to_string(shape.hidden) + (shape.normalise_second ? ", both" : ", first only");
}

template <class T>
void expect_all_sizes_close() {
  for (const Sizes& sizes : kSizes) {
    for (const bool normalise_second : {true, false}) {
      FieldCase<T> field({sizes.pixels, sizes.width, sizes.hidden, normalise_second}, 2);
      FieldCase<double> expected(field);
      expected.run_reference();
      for (const Isa isa : available_isas()) {
        SCOPED_TRACE(title(isa, field.shape));
        FieldCase<T> got = field;
        got.run(isa);
        expect_close(got, expected, kTolerance<T>);
      }
    }
  }
}

TEST(FieldBlockTest, EverySetAgreesWithTheReferenceAtEverySize) {
  expect_all_sizes_close<float>();
}

TEST(FieldBlockTest, EverySetAgreesWithTheReferenceInBFloat16) {
  expect_all_sizes_close<BFloat16>();
}

TEST(FieldBlockTest, ReferenceGradientsAreFiniteDifferences) {
  for (const bool normalise_second : {true, false}) {
    FieldCase<double> field({5, 4, 6, normalise_second}, 2);
    field.run_reference();
    const auto value = [&] {
      reference::field_forward(field.shape, field.forward(), {0, field.tokens});
      return inner_product(field.y, field.grad_y);
    };
    for (int64_t i = 0; i < field.u.size(); ++i) EXPECT_NEAR(field.grad_u[i], slope(field.u[i], value), 1e-7);
    for (int64_t i = 0; i < field.parameters.size(); ++i) {
      EXPECT_NEAR(field.grad_parameters[i], slope(field.parameters[i], value), 1e-7);
    }
    for (int64_t i = 0; i < field.shape.width; ++i) {
      EXPECT_NEAR(field.grad_norm_weight[i], slope(field.norm_weight[i], value, 1e-3), 1e-4);
    }
  }
}

TEST(FieldBlockTest, ColumnsOfZerosStayZeroAndPassTheirGradientByTheEps) {
  for (const Isa isa : available_isas()) {
    FieldCase<float> field({20, 16, 24, true}, 1);
    const int64_t e = field.shape.width, h = field.shape.hidden;
    for (int64_t i = 0; i < e; ++i) field.parameters[i * h + 5] = 0;                    // column 5 of W1
    for (int64_t i = 0; i < h; ++i) field.parameters[e * h + i * e + 7] = 0;            // column 7 of W2
    for (int64_t i = 0; i < e; ++i) field.parameters[i * h + 6] = i == 3 ? 5e-13F : 0;  // shorter than the eps
    FieldCase<double> expected(field);
    expected.run_reference();
    SCOPED_TRACE(std::string(isa_name(isa)));
    field.run(isa);
    for (int64_t i = 0; i < field.shape.pixels; ++i) EXPECT_EQ(field.y[i * e + 7], field.u[i * e + 7]);
    EXPECT_GT(std::abs(field.grad_parameters[5]), 1e6F);
    expect_close(field, expected, 1e-5);
  }
}

TEST(FieldBlockTest, RowsOfZerosAreFinite) {
  for (const Isa isa : available_isas()) {
    FieldCase<float> field({9, 16, 16, true}, 1);
    for (int64_t j = 0; j < field.shape.width; ++j) field.u[2 * field.shape.width + j] = 0;
    FieldCase<double> expected(field);
    expected.run_reference();
    field.run(isa);
    expect_close(field, expected, 1e-5);
  }
}

TEST(FieldBlockTest, TokensSplitAmongRangesGiveTheSame) {
  for (const Isa isa : available_isas()) {
    FieldCase<float> whole({30, 16, 32, true}, 5);
    FieldCase<float> split = whole;
    whole.run(isa);
    split.run(isa, {3, 5});
    split.run(isa, {0, 1});
    split.run(isa, {1, 3});
    split.run(isa, {2, 2});
    EXPECT_TRUE(std::equal(whole.y.begin(), whole.y.end(), split.y.begin()));
    EXPECT_TRUE(std::equal(whole.grad_u.begin(), whole.grad_u.end(), split.grad_u.begin()));
    EXPECT_TRUE(std::equal(whole.grad_parameters.begin(), whole.grad_parameters.end(), split.grad_parameters.begin()));
    EXPECT_LT(relative_error(split.grad_norm_weight, whole.grad_norm_weight), 1e-6);
  }
}

TEST(FieldBlockTest, ResultsMayReplaceInputs) {
  for (const Isa isa : available_isas()) {
    FieldCase<float> apart({70, 32, 64, true}, 2);
    FieldCase<float> inside = apart;
    apart.run(isa);
    FieldBackward<float> backward = inside.backward();
    backward.grad_u = inside.grad_y.data();
    backward.grad_parameters = inside.parameters.data();
    FieldCase<float> forward_inside = inside;
    FieldForward<float> forward = forward_inside.forward();
    forward.y = forward_inside.u.data();
    field_forward(inside.shape, forward, {0, 2}, isa);
    field_backward(inside.shape, backward, {0, 2}, isa);
    EXPECT_TRUE(std::equal(apart.y.begin(), apart.y.end(), forward_inside.u.begin()));
    EXPECT_TRUE(std::equal(apart.grad_u.begin(), apart.grad_u.end(), inside.grad_y.begin()));
    EXPECT_TRUE(std::equal(apart.grad_parameters.begin(), apart.grad_parameters.end(), inside.parameters.begin()));
  }
}

}  // namespace
}  // namespace pixnerd::kernels
