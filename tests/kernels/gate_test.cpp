#include "kernels/gate.h"

#include <gtest/gtest.h>

#include <string>

#include "kernels/reference.h"
#include "tests/kernels/values.h"

namespace pixnerd::kernels {
namespace {

template <class T>
struct GateCase {
  explicit GateCase(int64_t width)
      : shape{width, 3, 2 * width},
        x(Values<T>::normal(kRows * width, 1)),
        gate(Values<T>::normal(kSamples * shape.gate_stride, 2)),
        h(Values<T>::normal(kRows * width, 3)),
        grad_y(Values<T>::normal(kRows * width, 4)),
        y(kRows * width),
        grad_h(kRows * width),
        grad_gate(kSamples * shape.gate_stride) {}

  GateForward<T> forward() { return {x.data(), gate.data(), h.data(), y.data()}; }
  GateBackward<T> backward() { return {gate.data(), h.data(), grad_y.data(), grad_h.data(), grad_gate.data()}; }
  void run(Isa isa, Range range) {
    gate_forward(shape, forward(), range, isa);
    gate_backward(shape, backward(), range, isa);
  }
  void run_reference() {
    reference::gate_forward(shape, forward(), {0, kRows});
    reference::gate_backward(shape, backward(), {0, kRows});
  }

  static constexpr int64_t kSamples = 3;
  static constexpr int64_t kRows = 9;
  GateShape shape;
  Values<T> x, gate, h, grad_y;
  Values<T> y, grad_h;
  Values<float> grad_gate;
};

template <class T>
void expect_close(const GateCase<T>& got, const GateCase<double>& expected) {
  EXPECT_LT(relative_error(got.y, expected.y), kTolerance<T>);
  EXPECT_LT(relative_error(got.grad_h, expected.grad_h), kTolerance<T>);
  EXPECT_LT(relative_error(got.grad_gate, expected.grad_gate), kTolerance<T>);
}

template <class T>
void expect_all_sizes_close() {
  for (const int64_t width : {1, 16, 50, 129}) {
    GateCase<double> expected(width);
    expected.run_reference();
    for (const Isa isa : available_isas()) {
      SCOPED_TRACE(std::string(isa_name(isa)) + ", width " + std::to_string(width));
      GateCase<T> whole(width), split(width);
      whole.run(isa, {0, whole.kRows});
      expect_close(whole, expected);
      for (const Range range : {Range{4, 9}, Range{0, 1}, Range{1, 4}}) split.run(isa, range);
      expect_close(split, expected);
    }
  }
}

TEST(GateTest, EverySetAgreesWithTheReferenceWholeAndInRanges) {
  expect_all_sizes_close<float>();
  expect_all_sizes_close<BFloat16>();
}

TEST(GateTest, ReferenceGradientsAreFiniteDifferences) {
  GateCase<double> residual(4);
  residual.run_reference();
  const auto value = [&] {
    reference::gate_forward(residual.shape, residual.forward(), {0, residual.kRows});
    return inner_product(residual.y, residual.grad_y);
  };
  for (int64_t i = 0; i < residual.h.size(); ++i) {
    EXPECT_NEAR(residual.grad_h[i], slope(residual.h[i], value), 1e-6);
  }
  for (int64_t i = 0; i < residual.gate.size(); ++i) {
    EXPECT_NEAR(residual.grad_gate[i], slope(residual.gate[i], value), 1e-5);
  }
}

}  // namespace
}  // namespace pixnerd::kernels
