// Products of small row-major float matrices that stay in the cache, by tiles of C held in registers. Compiled once for
// every instruction set.
#if defined(PIXNERD_KERNELS_MULTIPLY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PIXNERD_KERNELS_MULTIPLY_INL_H_
#undef PIXNERD_KERNELS_MULTIPLY_INL_H_
#else
#define PIXNERD_KERNELS_MULTIPLY_INL_H_
#endif

#include <cstring>

#include "kernels/matrix-inl.h"
#include "kernels/prefetch.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

// How A enters a product: as it stands, or transposed.
enum class Operand { plain, transposed };
// Whether a product replaces C or is added to it.
enum class Result { replaced, added };

// What is added up of two values.
struct Singles {
  static HWY_INLINE Vector add(Vector a, Vector b, Vector sum) { return hn::MulAdd(a, b, sum); }
};

template <class Products, int kVectors, Operand kA, Result kC, int kRows = kTileRows>
HWY_INLINE void multiply_tile(const float* HWY_RESTRICT a, int64_t a_stride, const float* HWY_RESTRICT b,
                              int64_t b_stride, float* HWY_RESTRICT c, int64_t c_stride, int64_t depth) {
  const Floats d;
  Vector sum[kRows][kVectors];
  HWY_UNROLL(16)
  for (int i = 0; i < kRows; ++i) {
    HWY_UNROLL(16)
    for (int j = 0; j < kVectors; ++j) {
      sum[i][j] = kC == Result::added ? hn::LoadU(d, c + i * c_stride + j * kLanes) : hn::Zero(d);
    }
  }
  for (int64_t k = 0; k < depth; ++k) {
    Vector row[kVectors];
    HWY_UNROLL(16)
    for (int j = 0; j < kVectors; ++j) row[j] = hn::LoadU(d, b + k * b_stride + j * kLanes);
    HWY_UNROLL(16)
    for (int i = 0; i < kRows; ++i) {
      const Vector left = hn::Set(d, kA == Operand::plain ? a[i * a_stride + k] : a[k * a_stride + i]);
      HWY_UNROLL(16)
      for (int j = 0; j < kVectors; ++j) sum[i][j] = Products::add(left, row[j], sum[i][j]);
    }
  }
  HWY_UNROLL(16)
  for (int i = 0; i < kRows; ++i) {
    HWY_UNROLL(16)
    for (int j = 0; j < kVectors; ++j) hn::StoreU(sum[i][j], d, c + i * c_stride + j * kLanes);
  }
}

// The columns from `column` on, in strips of kVectors vectors, what is left in narrower ones.
template <class Products, int kVectors, Operand kA, Result kC>
HWY_INLINE void multiply_strips(const Matrix& a, const Matrix& b, const Matrix& c, int64_t rows, int64_t depth,
                                int64_t column, Prefetch& ahead) {
  for (; column + (kVectors - 1) * kLanes < c.columns; column += kVectors * kLanes) {
    for (int64_t i = 0; i < rows; i += kTileRows) {
      multiply_tile<Products, kVectors, kA, kC>(kA == Operand::plain ? a.row(i) : a.data + i, a.stride, b.data + column,
                                                b.stride, c.row(i) + column, c.stride, depth);
      ahead.step();
    }
  }
  if constexpr (kVectors > 1) multiply_strips<Products, kVectors / 2, kA, kC>(a, b, c, rows, depth, column, ahead);
}

// C = A B, or C += A B, for the first `rows` rows of A and C. `ahead` is fetched in the meantime.
template <class Products = Singles, Result kC = Result::replaced>
HWY_NOINLINE void multiply(const Matrix& a, const Matrix& b, const Matrix& c, int64_t rows, Prefetch& ahead) {
  multiply_strips<Products, kTileVectors, Operand::plain, kC>(a, b, c, rows, a.columns, 0, ahead);
}

// C = A^T B or C += A^T B, summed over the first `depth` rows of A and B.
template <class Products = Singles>
HWY_NOINLINE void multiply_transposed(const Matrix& a, const Matrix& b, const Matrix& c, int64_t depth, Result result,
                                      Prefetch& ahead) {
  if (result == Result::replaced) {
    multiply_strips<Products, kTileVectors, Operand::transposed, Result::replaced>(a, b, c, c.rows, depth, 0, ahead);
  } else {
    multiply_strips<Products, kTileVectors, Operand::transposed, Result::added>(a, b, c, c.rows, depth, 0, ahead);
  }
}

// T = A^T, by blocks of 4 x 4.
inline HWY_NOINLINE void transpose(const Matrix& a, const Matrix& t) {
  const hn::FixedTag<float, 4> d4;
  const hn::RepartitionToWide<decltype(d4)> d2;
  for (int64_t i = 0; i < a.rows; i += 4) {
    for (int64_t j = 0; j < a.columns; j += 4) {
      if (i + 4 > a.rows || j + 4 > a.columns) {
        for (int64_t y = i; y < a.rows && y < i + 4; ++y) {
          for (int64_t x = j; x < a.columns && x < j + 4; ++x) std::memcpy(t.row(x) + y, a.row(y) + x, sizeof(float));
        }
        continue;
      }
      const auto r0 = hn::LoadU(d4, a.row(i) + j), r1 = hn::LoadU(d4, a.row(i + 1) + j);
      const auto r2 = hn::LoadU(d4, a.row(i + 2) + j), r3 = hn::LoadU(d4, a.row(i + 3) + j);
      // Pairs (r0 r1) and (r2 r3) of the first two columns, then of the last two.
      const auto low01 = hn::BitCast(d2, hn::InterleaveLower(d4, r0, r1));
      const auto low23 = hn::BitCast(d2, hn::InterleaveLower(d4, r2, r3));
      const auto high01 = hn::BitCast(d2, hn::InterleaveUpper(d4, r0, r1));
      const auto high23 = hn::BitCast(d2, hn::InterleaveUpper(d4, r2, r3));
      hn::StoreU(hn::BitCast(d4, hn::InterleaveLower(d2, low01, low23)), d4, t.row(j) + i);
      hn::StoreU(hn::BitCast(d4, hn::InterleaveUpper(d2, low01, low23)), d4, t.row(j + 1) + i);
      hn::StoreU(hn::BitCast(d4, hn::InterleaveLower(d2, high01, high23)), d4, t.row(j + 2) + i);
      hn::StoreU(hn::BitCast(d4, hn::InterleaveUpper(d2, high01, high23)), d4, t.row(j + 3) + i);
    }
  }
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // the toggle
