#include "kernels/softmax.h"

#include "kernels/reference.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/softmax.cpp"
#include <hwy/foreach_target.h>

#include "kernels/sigmoid-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

// The lanes beyond a row's end, which are read as 0, must not count.
HWY_INLINE Vector first_lanes(AllLanes, Vector v, Vector) {
  return v;
}

HWY_INLINE Vector first_lanes(FirstLanes first, Vector v, Vector others) {
  return hn::IfThenElse(hn::FirstN(Floats(), static_cast<size_t>(first.count)), v, others);
}

void softmax_rows(int64_t width, float factor, const SoftmaxRows& softmax, Range rows) {
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const float* scores = softmax.scores + row * width;
    BFloat16* weights = softmax.weights + row * width;
    Vector most = all(scores[0]);
    along_row(width, [&](auto lanes, int64_t j)
                         HWY_ATTR { most = hn::Max(most, first_lanes(lanes, load(lanes, scores + j), most)); });
    const Vector greatest = hn::MaxOfLanes(Floats(), most), scale = all(factor);
    Vector sum = all(0);
    along_row(width, [&](auto lanes, int64_t j) HWY_ATTR {
      const Vector score = load(lanes, scores + j);
      const Vector weight = exp(hn::Mul(hn::Sub(score, greatest), scale));
      store(lanes, weight, weights + j);
      // What is not finite is not in the weight any more.
      sum = hn::Add(sum, first_lanes(lanes, hn::Add(weight, hn::Sub(score, score)), all(0)));
    });
    softmax.inverse_sums[row] = 1 / sum_of_lanes(sum);
  }
}

void multiply_rows(int64_t width, int64_t stride, const MultiplyRows& multiply, Range rows) {
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const Vector factor = all(multiply.factors[row]);
    along_row(width, [&](auto lanes, int64_t j) HWY_ATTR {
      store(lanes, hn::Mul(load(lanes, multiply.x + row * width + j), factor), multiply.y + row * stride + j);
    });
  }
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

void softmax_rows(int64_t width, float factor, const SoftmaxRows& softmax, Range rows, Isa isa) {
  PIXNERD_CALL_FOR(isa, softmax_rows(width, factor, softmax, rows))
}

void multiply_rows(int64_t width, int64_t stride, const MultiplyRows& multiply, Range rows, Isa isa) {
  PIXNERD_CALL_FOR(isa, multiply_rows(width, stride, multiply, rows))
}

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
