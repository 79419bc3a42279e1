// The innermost loop of a product (product.h): the sums of a few rows and outputs in registers, over all inputs. An
// arithmetic says how rows of x enter it, kEntries entries for a unit, and how many outputs a tile has. Compiled once
// for every instruction set; AVX-512 and AVX2 alone have it.
#if defined(PIXNERD_KERNELS_PRODUCT_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PIXNERD_KERNELS_PRODUCT_TILE_INL_H_
#undef PIXNERD_KERNELS_PRODUCT_TILE_INL_H_
#else
#define PIXNERD_KERNELS_PRODUCT_TILE_INL_H_
#endif

#include <cstring>
#include <type_traits>

#include "kernels/pairs-inl.h"
#include "kernels/product_sets.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_PRODUCTS

// A unit of x, which need not lie as a float would, in all lanes.
HWY_INLINE Vector unit_at(const float* x) {
  float unit;
  std::memcpy(&unit, x, sizeof unit);
  return all(unit);
}

// Each output has one sum.
struct SumEach {
  static constexpr int kVectors = kTileVectors, kOutputs = kVectors * static_cast<int>(kLanes);

  template <class Put>
  static HWY_INLINE void finish(int row, const Vector (&sum)[kVectors], const Put& put) {
    put(row, 0, sum[0]);
    put(row, 1, sum[1]);
  }
};

// A unit of x as it lies, by a unit of each output.
template <class Products>
struct ByUnits : SumEach {
  using Entry = float;
  static constexpr int64_t kEntries = 1;
  static constexpr bool kFromZeroPoint = true;

  template <int kTile>
  static HWY_INLINE void add(const Entry* x, int64_t stride, const float* weight, Vector (&sum)[kTile][kVectors]) {
    const Vector first = load(AllLanes(), weight), second = load(AllLanes(), weight + kLanes);
    HWY_UNROLL(16)
    for (int i = 0; i < kTile; ++i) {
      const Vector left = unit_at(x + i * stride);
      sum[i][0] = Products::add(left, first, sum[i][0]);
      sum[i][1] = Products::add(left, second, sum[i][1]);
    }
  }
};

#if HWY_TARGET == HWY_AVX3

// Four products of whole numbers, of 8 bits without and with a sign, added up in 32 bits.
struct Quads {
  static HWY_INLINE Vector add(Vector a, Vector b, Vector sum) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sum.raw) : "v"(a.raw), "v"(b.raw));
    return sum;
  }
};

template <class T>
using Arithmetic =
    ByUnits<std::conditional_t<std::is_same_v<T, float>, Singles, std::conditional_t<sizeof(T) == 2, Pairs, Quads>>>;

#else  // AVX2

// The first and the second value of pairs of bfloat16.
HWY_INLINE Vector first_of(const float* pairs) {
  return hn::BitCast(Floats(), hn::ShiftLeft<16>(hn::BitCast(Bits(), load(AllLanes(), pairs))));
}
HWY_INLINE Vector second_of(const float* pairs) {
  const auto upper = hn::ShiftRight<16>(hn::BitCast(Bits(), load(AllLanes(), pairs)));
  return hn::BitCast(Floats(), hn::ShiftLeft<16>(upper));  // a mask would take one of 16 registers
}

// Pairs of bfloat16 as floats, of x beforehand, of the weight as they come.
struct Widened : SumEach {
  using Entry = float;
  static constexpr int64_t kEntries = 2;

  template <int kTile>
  static HWY_INLINE void add(const Entry* x, int64_t stride, const float* weight, Vector (&sum)[kTile][kVectors]) {
    add_one(x, stride, first_of(weight), first_of(weight + kLanes), sum);
    add_one(x + 1, stride, second_of(weight), second_of(weight + kLanes), sum);
  }
  // As the compiler would have it if it took no other register for the sum.
  static HWY_INLINE Vector added(Vector a, Vector b, Vector sum) {
    asm("vfmadd231ps %2, %1, %0" : "+x"(sum.raw) : "x"(a.raw), "x"(b.raw));
    return sum;
  }
  template <int kTile>
  static HWY_INLINE void add_one(const Entry* x, int64_t stride, Vector first, Vector second,
                                 Vector (&sum)[kTile][kVectors]) {
    HWY_UNROLL(16)
    for (int i = 0; i < kTile; ++i) {
      const Vector left = all(x[i * stride]);
      sum[i][0] = added(left, first, sum[i][0]);
      sum[i][1] = added(left, second, sum[i][1]);
    }
  }
};

// Whole numbers of 16 bits: products of two neighbours add up in 32, exactly. (The instruction for 8 bits saturates.)
// A vector of weights is a unit of four outputs, so that each has two sums.
struct Words {
  using Entry = int16_t;
  static constexpr int64_t kEntries = 4;
  static constexpr int kVectors = 2, kOutputs = static_cast<int>(kLanes);
  static constexpr bool kFromZeroPoint = false;

  static HWY_INLINE __m256i words(const float* units) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(units)));
  }
  template <int kTile>
  static HWY_INLINE void add(const Entry* x, int64_t stride, const float* weight, Vector (&sum)[kTile][kVectors]) {
    const __m256i first = words(weight), second = words(weight + kLanes / 2);
    HWY_UNROLL(16)
    for (int i = 0; i < kTile; ++i) {
      int64_t unit;
      std::memcpy(&unit, x + i * stride, sizeof unit);
      const __m256i left = _mm256_set1_epi64x(unit);
      sum[i][0] = added(left, first, sum[i][0]);
      sum[i][1] = added(left, second, sum[i][1]);
    }
  }
  static HWY_INLINE Vector added(__m256i a, __m256i b, Vector sum) {
    __m256i products;
    asm("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0" : "+x"(sum.raw), "=&x"(products) : "x"(a), "x"(b));
    return sum;
  }
  template <class Put>
  static HWY_INLINE void finish(int row, const Vector (&sum)[kVectors], const Put& put) {
    const __m256i outputs = _mm256_hadd_epi32(_mm256_castps_si256(sum[0].raw), _mm256_castps_si256(sum[1].raw));
    put(row, 0, Vector{_mm256_castsi256_ps(_mm256_permute4x64_epi64(outputs, _MM_SHUFFLE(3, 1, 2, 0)))});
  }
};

template <class T>
using Arithmetic =
    std::conditional_t<std::is_same_v<T, float>, ByUnits<Singles>, std::conditional_t<sizeof(T) == 2, Widened, Words>>;

#endif

// Units that are summed up at a time: where the first-level cache has to be shared, as many as lie in it beside rows.
constexpr int64_t kUnitsTogether = HWY_TARGET == HWY_AVX3 ? int64_t{1} << 40 : 256;

// Floats that are fetched ahead with a unit, a line at most: no more than memory brings meanwhile.
constexpr int64_t kFetched = HWY_TARGET == HWY_AVX3 ? 16 : 4;

// Some units of a tile's, and where its sums stand between them.
struct UnitRange {
  int64_t count;
  bool is_first, is_last;
  float* sums;
};

// Calls put(row, vector, outputs) for a tile of kTile rows and kOutputs of a strip, after its last units. `ahead` is
// fetched meanwhile, unless it is null. A function of its own, so that sums stay in registers.
template <class Sums, int kTile, class Put>
HWY_NOINLINE void product_tile(const typename Sums::Entry* x, int64_t stride, const float* weight,
                               const UnitRange& units, const float* ahead, const Put& put) {
  Vector sum[kTile][Sums::kVectors];
  HWY_UNROLL(16)
  for (int i = 0; i < kTile; ++i) {
    HWY_UNROLL(2)
    for (int j = 0; j < Sums::kVectors; ++j) {
      sum[i][j] = units.is_first ? all(0) : load(AllLanes(), units.sums + (i * Sums::kVectors + j) * kLanes);
    }
  }
  const int64_t line = ahead == nullptr ? 0 : kFetched;
  if (ahead == nullptr) ahead = weight;
  const float* end = weight + units.count * kStripOutputs;
  for (; weight != end; weight += kStripOutputs, x += Sums::kEntries, ahead += line) {
    __builtin_prefetch(ahead, 0, 2);
    Sums::template add<kTile>(x, stride, weight, sum);
  }
  HWY_UNROLL(16)
  for (int i = 0; i < kTile; ++i) {
    if (units.is_last) {
      Sums::finish(i, sum[i], put);
      continue;
    }
    HWY_UNROLL(2)
    for (int j = 0; j < Sums::kVectors; ++j)
      store(AllLanes(), sum[i][j], units.sums + (i * Sums::kVectors + j) * kLanes);
  }
}

#endif  // PIXNERD_HAS_PRODUCTS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // the toggle
