#include "kernels/product.h"

#include <algorithm>
#include <cstring>

#include "kernels/product_sets.h"
#include "kernels/quantise.h"
#include "kernels/reference.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/product.cpp"
#include <hwy/foreach_target.h>

#include "kernels/product_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_PRODUCTS

template <class Lanes, class T>
HWY_INLINE void store_result(Lanes lanes, Vector v, T* to) {
  store(lanes, v, to);
}
HWY_INLINE void store_result(AllLanes, Vector v, BFloat16* to) {
  hn::StoreU(halves(v), HalfBits(), reinterpret_cast<uint16_t*>(to));
}

// Sums to y: of a tile at `row` and `output`.
template <class T>
struct PutProduct {
  HWY_INLINE void operator()(int i, int j, Vector sum) const {
    const int64_t at = output + j * kLanes, left = out - at;
    if (left <= 0) return;
    T* to = y + (row + i) * out + at;
    if (left >= kLanes) {
      store_result(AllLanes(), bias == nullptr ? sum : hn::Add(sum, load(AllLanes(), bias + at)), to);
    } else {
      const FirstLanes lanes{left};
      store_result(lanes, bias == nullptr ? sum : hn::Add(sum, load(lanes, bias + at)), to);
    }
  }

  int64_t out;
  const float* bias;
  T* y;
  int64_t row = 0, output = 0;
};

// The same of whole numbers; from rows that count from 128 if kFromZeroPoint.
template <bool kFromZeroPoint>
struct PutProductInt8 {
  HWY_INLINE void operator()(int i, int j, Vector sum) const {
    const int64_t at = output + j * kLanes, left = shape.out - at;
    if (left <= 0) return;
    BFloat16* to = of.y + (row + i) * shape.out + at;
    if (left >= kLanes) {
      put(AllLanes(), i, at, sum, to);
    } else {
      put(FirstLanes{left}, i, at, sum, to);
    }
  }

  template <class Lanes>
  HWY_INLINE void put(Lanes lanes, int i, int64_t at, Vector sum, BFloat16* to) const {
    const hn::Rebind<int32_t, Floats> whole;
    auto exact = hn::BitCast(whole, sum);
    if constexpr (kFromZeroPoint) {
      const Vector sums = load(lanes, reinterpret_cast<const float*>(of.sums + at));
      exact = hn::Sub(exact, hn::ShiftLeft<7>(hn::BitCast(whole, sums)));
    }
    Vector y = hn::Mul(hn::ConvertTo(Floats(), exact), load(lanes, of.output_scales + at));
    if (of.row_scales != nullptr) y = hn::Mul(y, all(of.row_scales[row + i]));
    if (of.bias != nullptr) y = hn::Add(y, load(lanes, of.bias + at));
    store_result(lanes, y, to);
  }

  WeightShape shape;
  ProductInt8 of;
  int64_t row = 0, output = 0;
};

// A row of `in` values of T as entries, zeros beyond the last unit's.
template <class Entry, class T>
HWY_INLINE void copy_row(const T* x, int64_t in, Entry* entries) {
  std::memcpy(entries, x, static_cast<size_t>(in) * sizeof(T));
}
#if HWY_TARGET == HWY_AVX2
HWY_INLINE void copy_row(const BFloat16* x, int64_t in, float* entries) {
  along_row(in, [&](auto lanes, int64_t k) HWY_ATTR { store(lanes, load(lanes, x + k), entries + k); });
}
HWY_INLINE void copy_row(const uint8_t* x, int64_t in, int16_t* entries) {
  for (int64_t k = 0; k < in; ++k) entries[k] = static_cast<int16_t>(x[k] - kZeroPoint);
}
#endif

// Rows of entries, `stride` entries apart.
template <class Entry>
struct Rows {
  const Entry* data;
  int64_t stride;
};

// Rows of T for products: as they lie where that will do, else copied to scratch memory.
template <class Sums, class T>
class EnteredRows {
 public:
  using Entry = typename Sums::Entry;

  EnteredRows(Scratch& scratch, const WeightShape& shape, int64_t most)
      : in_(shape.in),
        is_copied_(HWY_TARGET == HWY_AVX2 || shape.in % kUnit<T> != 0),
        copies_(scratch, is_copied_ ? most : 0, shape.units<T>() * kRowBytes / static_cast<int64_t>(sizeof(float))) {}

  Rows<Entry> enter(const T* x, int64_t count) const {
    if (!is_copied_) return {reinterpret_cast<const Entry*>(x), in_ / kUnit<T>};
    for (int64_t i = 0; i < count; ++i) {
      float* row = copies_.row(i);
      std::fill(row + std::max<int64_t>(0, copies_.columns - kRowBytes / 4), row + copies_.columns, 0.0F);
      copy_row(x + i * in_, in_, reinterpret_cast<Entry*>(row));
    }
    return {reinterpret_cast<const Entry*>(copies_.data), copies_.stride * int64_t{sizeof(float) / sizeof(Entry)}};
  }

 private:
  static constexpr int64_t kRowBytes = Sums::kEntries * static_cast<int64_t>(sizeof(Entry));  // of a unit

  int64_t in_;
  bool is_copied_;
  Matrix copies_;
};

// Rows that go through a strip together: as many as stay in half of a second-level cache, beside two strips.
inline int64_t rows_together(int64_t row_bytes) {
  constexpr int64_t kBytes = int64_t{1} << 19;
  return std::clamp(kBytes / row_bytes / kProductRows * kProductRows, kProductRows, 4 * kProductRows);
}

// What a part of a strip is multiplied with.
template <class Entry>
struct PartRows {
  Rows<Entry> rows;
  int64_t count;
  float* sums;  // of each row
};

// Some units of some outputs of a strip. `next`, which has two lines for every unit, is fetched meanwhile unless it is
// null.
template <class Sums, class Put>
HWY_INLINE void product_part(const PartRows<typename Sums::Entry>& part, UnitRange units, const float* weight,
                             const float* next, Put& put) {
  const int64_t first = put.row, stride = part.rows.stride;
  for (int64_t i = 0, tile = 0; i < part.count; ++tile) {
    const auto* x = part.rows.data + i * stride;
    const float* ahead =
        next == nullptr || tile * kFetched >= kStripOutputs ? nullptr : next + tile * units.count * kFetched;
    const int64_t left = part.count - i;
    put.row = first + i;
    units.sums = part.sums + i * Sums::kVectors * kLanes;
    if (left >= kTileRows) {
      product_tile<Sums, kTileRows>(x, stride, weight, units, ahead, put);
      i += kTileRows;
    } else if (left >= 4) {
      product_tile<Sums, 4>(x, stride, weight, units, ahead, put);
      i += 4;
    } else if (left >= 2) {
      product_tile<Sums, 2>(x, stride, weight, units, ahead, put);
      i += 2;
    } else {
      product_tile<Sums, 1>(x, stride, weight, units, ahead, put);
      ++i;
    }
  }
  put.row = first;
}

// A strip, a few units at a time.
template <class Sums, class Put>
HWY_INLINE void product_strip(const PartRows<typename Sums::Entry>& rows, int64_t units, const float* weight,
                              const float* next, Put& put) {
  const int64_t strip = put.output;
  for (int64_t output = 0; output < kStripOutputs; output += Sums::kOutputs) {
    put.output = strip + output;
    for (int64_t unit = 0; unit < units; unit += kUnitsTogether) {
      const UnitRange range{std::min(kUnitsTogether, units - unit), unit == 0, unit + kUnitsTogether >= units, nullptr};
      PartRows<typename Sums::Entry> part = rows;
      part.rows.data += unit * Sums::kEntries;
      const int64_t offset = unit * kStripOutputs;
      product_part<Sums>(part, range, weight + offset + output, next == nullptr || output > 0 ? nullptr : next + offset,
                         put);
    }
  }
}

template <class Sums, class T, class Put>
HWY_INLINE void product_of(const WeightShape& shape, int64_t rows, const T* x, const void* packed, Range strips,
                           Put put) {
  Scratch scratch;
  const int64_t units = shape.units<T>();
  const int64_t row_bytes = units * Sums::kEntries * static_cast<int64_t>(sizeof(typename Sums::Entry));
  const int64_t together = std::min(rows_together(row_bytes), rows);
  const EnteredRows<Sums, T> entered(scratch, shape, together);
  float* sums = scratch.floats(together * Sums::kVectors * kLanes);
  for (int64_t first = 0; first < rows; first += together) {
    const int64_t count = std::min(together, rows - first);
    const PartRows<typename Sums::Entry> block{entered.enter(x + first * shape.in, count), count, sums};
    put.row = first;
    for (int64_t strip = strips.begin; strip < strips.end; ++strip) {
      const float* weight = static_cast<const float*>(packed) + strip * units * kStripOutputs;
      put.output = strip * kStripOutputs;
      product_strip<Sums>(block, units, weight, strip + 1 == strips.end ? nullptr : weight + units * kStripOutputs,
                          put);
    }
  }
}

template <class T>
HWY_NOINLINE void product(const WeightShape& shape, int64_t rows, const Product<T>& of, Range strips) {
  product_of<Arithmetic<T>>(shape, rows, of.x, of.weight, strips, PutProduct<T>{shape.out, of.bias, of.y});
}

inline HWY_NOINLINE void product_int8(const WeightShape& shape, int64_t rows, const ProductInt8& of, Range strips) {
  using Sums = Arithmetic<int8_t>;
  product_of<Sums>(shape, rows, of.q, of.weight, strips, PutProductInt8<Sums::kFromZeroPoint>{shape, of});
}

#endif  // PIXNERD_HAS_PRODUCTS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

template <class T>
bool has_product(Isa isa) {
  return multiplying_set<T>(isa) != Isa::reference;
}
template bool has_product<float>(Isa);
template bool has_product<BFloat16>(Isa);
template bool has_product<int8_t>(Isa);

template <class T>
void product(const WeightShape& shape, int64_t rows, const Product<T>& of, Range strips, Isa isa) {
  PIXNERD_CALL_PRODUCT(T, isa, product(shape, rows, of, strips))
}
template void product(const WeightShape&, int64_t, const Product<float>&, Range, Isa);
template void product(const WeightShape&, int64_t, const Product<BFloat16>&, Range, Isa);

void product_int8(const WeightShape& shape, int64_t rows, const ProductInt8& of, Range strips, Isa isa) {
  PIXNERD_CALL_PRODUCT(int8_t, isa, product_int8(shape, rows, of, strips))
}

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
