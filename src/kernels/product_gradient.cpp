#include <algorithm>
#include <type_traits>

#include "kernels/product.h"
#include "kernels/reference.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/product_gradient.cpp"
#include <hwy/foreach_target.h>

#include "kernels/pairs-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if HWY_TARGET == HWY_AVX3

constexpr int kVectors = kStripOutputs / kLanes;
static_assert(kStripOutputs % kTileRows == 0);

// A strip of outputs and one of inputs, both of `units`: up to kStripOutputs x kStripOutputs values of C, which are
// `stride` floats from row to row.
template <class Products, Result kC>
HWY_INLINE void multiply_strip(const float* a, const float* b, int64_t units, int64_t rows, int64_t columns, float* c,
                               int64_t stride, Prefetch& ahead) {
  for (int64_t i = 0; i < rows; i += kTileRows, a += kTileRows, c += kTileRows * stride) {
    ahead.step();
    if (rows - i >= kTileRows && columns >= kStripOutputs) {
      multiply_tile<Products, kVectors, Operand::transposed, kC>(a, kStripOutputs, b, kStripOutputs, c, stride, units);
      continue;
    }
    HWY_ALIGN float tile[kTileRows * kStripOutputs];
    multiply_tile<Products, kVectors, Operand::transposed, Result::replaced>(a, kStripOutputs, b, kStripOutputs, tile,
                                                                             kStripOutputs, units);
    for (int64_t y = 0; y < std::min<int64_t>(kTileRows, rows - i); ++y) {
      for (int64_t x = 0; x < std::min(kStripOutputs, columns); ++x) {
        const float sum = tile[y * kStripOutputs + x];
        float& to = c[y * stride + x];
        to = kC == Result::added ? to + sum : sum;
      }
    }
  }
}

// Strips of outputs that stay in half of a second-level cache while those of inputs go by.
inline int64_t strips_together(int64_t units) {
  constexpr int64_t kUnits = int64_t{1} << 17;
  return std::clamp(kUnits / (units * kStripOutputs), int64_t{1}, int64_t{8});
}

template <class T, Result kC>
HWY_NOINLINE void weight_gradient(const WeightShape& shape, int64_t rows, const WeightGradient<T>& of, Range strips) {
  using Products = std::conditional_t<std::is_same_v<T, float>, Singles, Pairs>;
  const int64_t units = WeightShape{rows, shape.out}.units<T>(), strip_size = units * kStripOutputs;
  const auto *grad_y = reinterpret_cast<const float*>(of.grad_y), *x = reinterpret_cast<const float*>(of.x);
  const int64_t together = strips_together(units), input_strips = WeightShape{rows, shape.in}.strips();
  for (int64_t first = strips.begin; first < strips.end; first += together) {
    const int64_t end = std::min(strips.end, first + together);
    for (int64_t input = 0; input < input_strips; ++input) {
      Prefetch ahead;
      if (input + 1 < input_strips) ahead.read(x + (input + 1) * strip_size, strip_size);
      for (int64_t strip = first; strip < end; ++strip) {
        const int64_t output = strip * kStripOutputs, column = input * kStripOutputs;
        multiply_strip<Products, kC>(grad_y + strip * strip_size, x + input * strip_size, units,
                                     std::min(kStripOutputs, shape.out - output), shape.in - column,
                                     of.grad_weight + output * shape.in + column, shape.in, ahead);
      }
    }
  }
}

template <class T>
void weight_gradient(const WeightShape& shape, int64_t rows, const WeightGradient<T>& of, Range strips) {
  if (of.is_added) {
    weight_gradient<T, Result::added>(shape, rows, of, strips);
  } else {
    weight_gradient<T, Result::replaced>(shape, rows, of, strips);
  }
}

#endif  // HWY_TARGET == HWY_AVX3
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

template <class T>
void weight_gradient(const WeightShape& shape, int64_t rows, const WeightGradient<T>& of, Range strips, Isa isa) {
#if HWY_TARGETS & HWY_AVX3
  if (has_product<T>(isa)) return N_AVX3::weight_gradient(shape, rows, of, strips);
#endif
  reference::weight_gradient(shape, rows, of, strips);
}
template void weight_gradient(const WeightShape&, int64_t, const WeightGradient<float>&, Range, Isa);
template void weight_gradient(const WeightShape&, int64_t, const WeightGradient<BFloat16>&, Range, Isa);

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
