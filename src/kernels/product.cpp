#include "kernels/product.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "kernels/reference.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/product.cpp"
#include <hwy/foreach_target.h>

#include "kernels/pairs-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if HWY_TARGET == HWY_AVX3

constexpr int kVectors = kStripOutputs / kLanes;
static_assert(kProductRows % kTileRows == 0 && kVectors == 2);

// Four products of whole numbers, of 8 bits without and with a sign, added up in 32 bits.
struct Quads {
  static HWY_INLINE Vector add(Vector a, Vector b, Vector sum) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sum.raw) : "v"(a.raw), "v"(b.raw));
    return sum;
  }
};

// A unit of x, which need not lie as a float would, in all lanes.
HWY_INLINE Vector unit_at(const float* x) {
  float unit;
  std::memcpy(&unit, x, sizeof unit);
  return all(unit);
}

// Calls put(row, vector, sum) for a tile of kTile rows and a strip. A line of `ahead` is fetched with every unit,
// unless that is null.
template <class Products, int kTile, class Put>
HWY_INLINE void product_tile(const float* HWY_RESTRICT x, int64_t stride, const float* HWY_RESTRICT weight,
                             int64_t units, const float* ahead, const Put& put) {
  Vector sum[kTile][kVectors];
  HWY_UNROLL(16)
  for (int i = 0; i < kTile; ++i) {
    HWY_UNROLL(2)
    for (int j = 0; j < kVectors; ++j) sum[i][j] = all(0);
  }
  const int64_t line = ahead == nullptr ? 0 : kLanes;
  if (ahead == nullptr) ahead = weight;
  for (int64_t k = 0; k < units; ++k, ahead += line) {
    __builtin_prefetch(ahead, 0, 2);
    const Vector first = load(AllLanes(), weight + k * kStripOutputs);
    const Vector second = load(AllLanes(), weight + k * kStripOutputs + kLanes);
    HWY_UNROLL(16)
    for (int i = 0; i < kTile; ++i) {
      const Vector left = unit_at(x + i * stride + k);
      sum[i][0] = Products::add(left, first, sum[i][0]);
      sum[i][1] = Products::add(left, second, sum[i][1]);
    }
  }
  HWY_UNROLL(16)
  for (int i = 0; i < kTile; ++i) {
    HWY_UNROLL(2)
    for (int j = 0; j < kVectors; ++j) put(i, j, sum[i][j]);
  }
}

HWY_INLINE void store_halves(AllLanes, Vector v, BFloat16* to) {
  hn::StoreU(halves(v), HalfBits(), reinterpret_cast<uint16_t*>(to));
}
HWY_INLINE void store_halves(FirstLanes first, Vector v, BFloat16* to) {
  store(first, v, to);
}
template <class Lanes>
HWY_INLINE void store_result(Lanes lanes, Vector v, float* to) {
  store(lanes, v, to);
}
template <class Lanes>
HWY_INLINE void store_result(Lanes lanes, Vector v, BFloat16* to) {
  store_halves(lanes, v, to);
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
    const auto offset = hn::ShiftLeft<7>(hn::BitCast(whole, load(lanes, reinterpret_cast<const float*>(of.sums + at))));
    const Vector exact = hn::ConvertTo(Floats(), hn::Sub(hn::BitCast(whole, sum), offset));
    Vector y = hn::Mul(exact, load(lanes, of.output_scales + at));
    if (of.row_scales != nullptr) y = hn::Mul(y, all(of.row_scales[row + i]));
    if (of.bias != nullptr) y = hn::Add(y, load(lanes, of.bias + at));
    store_halves(lanes, y, to);
  }

  WeightShape shape;
  ProductInt8 of;
  int64_t row = 0, output = 0;
};

// Rows [count, in] of T as rows of units, zeros beyond the last input.
template <class T>
HWY_INLINE void copy_units(const T* x, int64_t count, int64_t in, const Matrix& units) {
  const auto bytes = static_cast<size_t>(in) * sizeof(T);
  for (int64_t i = 0; i < count; ++i, x += in) {
    float* row = units.row(i);
    if (units.columns > 0) row[units.columns - 1] = 0;
    std::memcpy(row, x, bytes);
  }
}

// Rows that go through a strip together: as many as stay in half of a second-level cache, beside two strips.
inline int64_t rows_together(int64_t units) {
  constexpr int64_t kUnits = int64_t{1} << 17;
  return std::clamp(kUnits / units / kProductRows * kProductRows, kProductRows, 4 * kProductRows);
}

// Rows of units, `stride` units apart.
struct Units {
  const float* data;
  int64_t stride;
};

// The next strip, which has two lines for every unit, is fetched meanwhile unless this is the last.
template <class Products, class Put>
HWY_INLINE void product_strip(const Units& rows, int64_t count, int64_t units, const float* weight, bool is_last,
                              Put& put) {
  const int64_t first = put.row;
  for (int64_t i = 0, tile = 0; i < count; ++tile) {
    const float* x = rows.data + i * rows.stride;
    const float* ahead = is_last || tile > 1 ? nullptr : weight + units * (kStripOutputs + tile * kLanes);
    const int64_t left = count - i;
    put.row = first + i;
    if (left >= kTileRows) {
      product_tile<Products, kTileRows>(x, rows.stride, weight, units, ahead, put);
      i += kTileRows;
    } else if (left >= 4) {
      product_tile<Products, 4>(x, rows.stride, weight, units, ahead, put);
      i += 4;
    } else if (left >= 2) {
      product_tile<Products, 2>(x, rows.stride, weight, units, ahead, put);
      i += 2;
    } else {
      product_tile<Products, 1>(x, rows.stride, weight, units, ahead, put);
      ++i;
    }
  }
  put.row = first;
}

template <class Products, class T, class Put>
HWY_INLINE void product_of(const WeightShape& shape, int64_t rows, const T* x, const void* packed, Range strips,
                           Put put) {
  Scratch scratch;
  const int64_t units = shape.units<T>(), together = std::min(rows_together(units), rows);
  const bool whole = shape.in % kUnit<T> == 0;
  const Matrix copied(scratch, whole ? 0 : together, units);
  for (int64_t first = 0; first < rows; first += together) {
    const int64_t count = std::min(together, rows - first);
    const T* from = x + first * shape.in;
    if (!whole) copy_units(from, count, shape.in, copied);
    const Units block = whole ? Units{reinterpret_cast<const float*>(from), units} : Units{copied.data, copied.stride};
    put.row = first;
    for (int64_t strip = strips.begin; strip < strips.end; ++strip) {
      const float* weight = static_cast<const float*>(packed) + strip * units * kStripOutputs;
      put.output = strip * kStripOutputs;
      product_strip<Products>(block, count, units, weight, strip + 1 == strips.end, put);
    }
  }
}

template <class T>
HWY_NOINLINE void product(const WeightShape& shape, int64_t rows, const Product<T>& of, Range strips) {
  using Products = std::conditional_t<std::is_same_v<T, float>, Singles, Pairs>;
  product_of<Products>(shape, rows, of.x, of.weight, strips, PutProduct<T>{shape.out, of.bias, of.y});
}

inline HWY_NOINLINE void product_int8(const WeightShape& shape, int64_t rows, const ProductInt8& of, Range strips) {
  product_of<Quads>(shape, rows, of.q, of.weight, strips, PutProductInt8{shape, of});
}

#endif  // HWY_TARGET == HWY_AVX3
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

template <class T>
bool has_product(Isa isa) {
  return isa == Isa::avx512bf16 || (std::is_same_v<T, float> && isa == Isa::avx512);
}
template bool has_product<float>(Isa);
template bool has_product<BFloat16>(Isa);
template bool has_product<int8_t>(Isa);

template <class T>
void product(const WeightShape& shape, int64_t rows, const Product<T>& of, Range strips, Isa isa) {
#if HWY_TARGETS & HWY_AVX3
  if (has_product<T>(isa)) return N_AVX3::product(shape, rows, of, strips);
#endif
  reference::product(shape, rows, of, strips);
}
template void product(const WeightShape&, int64_t, const Product<float>&, Range, Isa);
template void product(const WeightShape&, int64_t, const Product<BFloat16>&, Range, Isa);

void product_int8(const WeightShape& shape, int64_t rows, const ProductInt8& of, Range strips, Isa isa) {
#if HWY_TARGETS & HWY_AVX3
  if (has_product<int8_t>(isa)) return N_AVX3::product_int8(shape, rows, of, strips);
#endif
  reference::product_int8(shape, rows, of, strips);
}

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
