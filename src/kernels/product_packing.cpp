#include <algorithm>
#include <cstring>
#include <type_traits>

#include "kernels/product.h"
#include "kernels/product_sets.h"
#include "kernels/reference.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/product_packing.cpp"
#include <hwy/foreach_target.h>

#include "kernels/pairs-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_PRODUCTS

// Inputs whose units are together in the first-level cache: of a strip as rows, or of all strips as columns.
constexpr int64_t kUnitsTogether = 32;

// `count` values of a row of weights as T.
template <class T, class W>
HWY_INLINE void copy_values(const W* from, int64_t count, float* to) {
  if constexpr (std::is_same_v<T, W>) {
    std::memcpy(to, from, static_cast<size_t>(count) * sizeof(T));
  } else {
    static_assert(std::is_same_v<T, BFloat16> && std::is_same_v<W, float>);
    along_row(count, [&](auto lanes, int64_t j) HWY_ATTR {
      hn::StoreU(halves(load(lanes, from + j)), HalfBits(), reinterpret_cast<uint16_t*>(to) + j);
    });
  }
}

// A strip of `outputs` rows of w.
template <class T, class W>
HWY_NOINLINE void pack_strip(const WeightShape& shape, const W* w, int64_t outputs, float* packed) {
  Scratch scratch;
  const Matrix rows(scratch, kStripOutputs, kUnitsTogether);
  if (outputs < kStripOutputs) std::fill_n(rows.data, rows.rows * rows.stride, 0.0F);
  const int64_t units = shape.units<T>();
  for (int64_t first = 0; first < units; first += kUnitsTogether) {
    Matrix block(rows, 0, kStripOutputs);
    block.columns = std::min(kUnitsTogether, units - first);
    const int64_t input = first * kUnit<T>, values = std::min(block.columns * kUnit<T>, shape.in - input);
    for (int64_t j = 0; j < outputs; ++j) {
      float* row = rows.row(j);
      row[block.columns - 1] = 0;  // which may be a unit in part
      copy_values<T>(w + j * shape.in + input, values, row);
    }
    transpose(block, Matrix(packed + first * kStripOutputs, block.columns, kStripOutputs));
  }
}

template <class T, class W>
HWY_NOINLINE void pack_weight(const WeightShape& shape, const W* w, T* packed, Range strips) {
  for (int64_t strip = strips.begin; strip < strips.end; ++strip) {
    const int64_t first = strip * kStripOutputs;
    pack_strip<T>(shape, w + first * shape.in, std::min(kStripOutputs, shape.out - first),
                  reinterpret_cast<float*>(packed + first * shape.units<T>() * kUnit<T>));
  }
}

// One row of a strip's units from `above`, and for bfloat16 the row below it, or none.
template <class T, class W, class Lanes>
HWY_INLINE Vector units_of(Lanes lanes, const W* above, const W* below) {
  if constexpr (std::is_same_v<T, float>) {
    return load(lanes, above);
  } else {
    return join(load(lanes, above), below == nullptr ? all(0) : load(lanes, below));
  }
}

template <class T, class W>
HWY_INLINE void pack_row(const W* above, const W* below, int64_t outputs, float* packed) {
  for (int64_t j = 0; j < kStripOutputs; j += kLanes) {
    const W* lower = below == nullptr ? nullptr : below + j;
    Vector units = all(0);
    if (outputs >= j + kLanes) {
      units = units_of<T>(AllLanes(), above + j, lower);
    } else if (outputs > j) {
      units = units_of<T>(FirstLanes{outputs - j}, above + j, lower);
    }
    store(AllLanes(), units, packed + j);
  }
}

// Some rows for all strips, then the next ones: each row is read from its beginning to its end.
template <class T, class W>
HWY_NOINLINE void pack_transposed(const WeightShape& shape, const W* w, T* packed, Range strips) {
  const int64_t units = shape.units<T>();
  auto* to = reinterpret_cast<float*>(packed);
  for (int64_t first = 0; first < units; first += kUnitsTogether) {
    const int64_t end = std::min(units, first + kUnitsTogether);
    for (int64_t strip = strips.begin; strip < strips.end; ++strip) {
      const int64_t output = strip * kStripOutputs;
      for (int64_t k = first; k < end; ++k) {
        const W* above = w + k * kUnit<T> * shape.out + output;
        const W* below = (k + 1) * kUnit<T> <= shape.in ? above + shape.out : nullptr;
        pack_row<T>(above, below, shape.out - output, to + (strip * units + k) * kStripOutputs);
      }
    }
  }
}

#endif  // PIXNERD_HAS_PRODUCTS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

template <class T, class W>
void pack_weight(const WeightShape& shape, const W* w, T* packed, Range strips, Isa isa) {
  PIXNERD_CALL_PRODUCT(T, isa, pack_weight(shape, w, packed, strips))
}
template void pack_weight(const WeightShape&, const float*, float*, Range, Isa);
template void pack_weight(const WeightShape&, const float*, BFloat16*, Range, Isa);
template void pack_weight(const WeightShape&, const BFloat16*, BFloat16*, Range, Isa);
template void pack_weight(const WeightShape&, const int8_t*, int8_t*, Range, Isa);

template <class T, class W>
void pack_transposed(const WeightShape& shape, const W* w, T* packed, Range strips, Isa isa) {
  PIXNERD_CALL_PRODUCT(T, isa, pack_transposed(shape, w, packed, strips))
}
template void pack_transposed(const WeightShape&, const float*, float*, Range, Isa);
template void pack_transposed(const WeightShape&, const float*, BFloat16*, Range, Isa);
template void pack_transposed(const WeightShape&, const BFloat16*, BFloat16*, Range, Isa);

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
