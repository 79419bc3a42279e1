#include <algorithm>
#include <type_traits>

#include "kernels/product.h"
#include "kernels/product_sets.h"
#include "kernels/reference.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/product_gradient.cpp"
#include <hwy/foreach_target.h>

#include "kernels/product_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_PRODUCTS

// Of AVX2's registers 4 x 2 vectors of sums, which divides a strip, leave nothing to fetch twice.
constexpr int kRows = HWY_TARGET == HWY_AVX3 ? kTileRows : 4;
constexpr int kVectors = kTileVectors;
constexpr int64_t kColumns = kVectors * kLanes;
static_assert(kStripOutputs % kRows == 0 && kStripOutputs % kColumns == 0);

// Lines that are gone through together: all of them where the second-level cache is large.
constexpr int64_t kLinesTogether = HWY_TARGET == HWY_AVX3 ? int64_t{1} << 40 : 128;

#if HWY_TARGET == HWY_AVX3
template <class T>
using GradientProducts = std::conditional_t<std::is_same_v<T, float>, Singles, Pairs>;
// Lines of a strip, each of which is summed over: for a unit.
template <class T>
constexpr int64_t kLinesOfUnit = 1;
#else
template <class T>
using GradientProducts = Singles;
template <class T>
constexpr int64_t kLinesOfUnit = kUnit<T>;
#endif

// A strip of `units` as it is multiplied: as it lies, or with its pairs as floats, in `room`.
template <class T>
HWY_INLINE const float* entered(const float* strip, int64_t units, float* room) {
  if constexpr (kLinesOfUnit<T> == 1) {
    return strip;
  } else {
#if HWY_TARGET == HWY_AVX2
    for (int64_t k = 0; k < units; ++k) {
      for (int64_t j = 0; j < kStripOutputs; j += kLanes) {
        store(AllLanes(), first_of(strip + k * kStripOutputs + j), room + 2 * k * kStripOutputs + j);
        store(AllLanes(), second_of(strip + k * kStripOutputs + j), room + (2 * k + 1) * kStripOutputs + j);
      }
    }
#endif
    return room;
  }
}

// A strip of outputs and one of inputs, both of `lines`: up to kStripOutputs x kStripOutputs values of C, which are
// `stride` floats from row to row.
template <class Products, Result kC>
HWY_INLINE void multiply_strip(const float* a, const float* b, int64_t lines, int64_t rows, int64_t columns, float* c,
                               int64_t stride, Prefetch& ahead) {
  for (int64_t j = 0; j < std::min(kStripOutputs, columns); j += kColumns) {
    for (int64_t i = 0; i < rows; i += kRows) {
      ahead.step();
      float* to = c + i * stride + j;
      if (rows - i >= kRows && columns - j >= kColumns) {
        multiply_tile<Products, kVectors, Operand::transposed, kC, kRows>(a + i, kStripOutputs, b + j, kStripOutputs,
                                                                          to, stride, lines);
        continue;
      }
      HWY_ALIGN float tile[kRows * kColumns];
      multiply_tile<Products, kVectors, Operand::transposed, Result::replaced, kRows>(
          a + i, kStripOutputs, b + j, kStripOutputs, tile, kColumns, lines);
      for (int64_t y = 0; y < std::min<int64_t>(kRows, rows - i); ++y) {
        for (int64_t x = 0; x < std::min(kColumns, columns - j); ++x) {
          const float sum = tile[y * kColumns + x];
          to[y * stride + x] = kC == Result::added ? to[y * stride + x] + sum : sum;
        }
      }
    }
  }
}

// Strips of outputs that stay in half of a second-level cache while those of inputs go by.
inline int64_t strips_together(int64_t lines) {
  constexpr int64_t kFloats = HWY_TARGET == HWY_AVX3 ? 1 << 17 : 1 << 16;
  return std::clamp(kFloats / (lines * kStripOutputs), int64_t{1}, int64_t{8});
}

// What `units` from `unit` on, of all there are, add to the gradient.
struct UnitBlock {
  int64_t unit, units, all;
};

template <class T, Result kC>
HWY_NOINLINE void add_units(const WeightShape& shape, const UnitBlock& block, const WeightGradient<T>& of,
                            Range strips) {
  Scratch scratch;
  const int64_t lines = block.units * kLinesOfUnit<T>, size = lines * kStripOutputs, together = strips_together(lines);
  float* room = scratch.floats(kLinesOfUnit<T> == 1 ? 0 : (together + 1) * size);
  const auto strip_of = [&](const T* packed, int64_t strip) {
    return reinterpret_cast<const float*>(packed) + (strip * block.all + block.unit) * kStripOutputs;
  };
  const int64_t input_strips = WeightShape{0, shape.in}.strips();
  for (int64_t first = strips.begin; first < strips.end; first += together) {
    const int64_t count = std::min(strips.end - first, together);
    const auto room_of = [&](int64_t i) { return room + (i + 1) * size; };
    for (int64_t i = 0; i < count; ++i) entered<T>(strip_of(of.grad_y, first + i), block.units, room_of(i));
    for (int64_t input = 0; input < input_strips; ++input) {
      Prefetch ahead;
      if (input + 1 < input_strips) ahead.read(strip_of(of.x, input + 1), block.units * kStripOutputs);
      const float* x = entered<T>(strip_of(of.x, input), block.units, room);
      for (int64_t i = 0; i < count; ++i) {
        const int64_t output = (first + i) * kStripOutputs, column = input * kStripOutputs;
        const float* grad_y = kLinesOfUnit<T> == 1 ? strip_of(of.grad_y, first + i) : room_of(i);
        multiply_strip<GradientProducts<T>, kC>(grad_y, x, lines, std::min(kStripOutputs, shape.out - output),
                                                shape.in - column, of.grad_weight + output * shape.in + column,
                                                shape.in, ahead);
      }
    }
  }
}

template <class T>
void weight_gradient(const WeightShape& shape, int64_t rows, const WeightGradient<T>& of, Range strips) {
  const int64_t units = WeightShape{rows, shape.out}.units<T>();
  constexpr int64_t kTogether = kLinesTogether / kLinesOfUnit<T>;
  for (int64_t unit = 0; unit < units; unit += kTogether) {
    const UnitBlock block{unit, std::min(kTogether, units - unit), units};
    if (of.is_added || unit > 0) {
      add_units<T, Result::added>(shape, block, of, strips);
    } else {
      add_units<T, Result::replaced>(shape, block, of, strips);
    }
  }
}

#endif  // PIXNERD_HAS_PRODUCTS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

template <class T>
void weight_gradient(const WeightShape& shape, int64_t rows, const WeightGradient<T>& of, Range strips, Isa isa) {
  PIXNERD_CALL_PRODUCT(T, isa, weight_gradient(shape, rows, of, strips))
}
template void weight_gradient(const WeightShape&, int64_t, const WeightGradient<float>&, Range, Isa);
template void weight_gradient(const WeightShape&, int64_t, const WeightGradient<BFloat16>&, Range, Isa);

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
