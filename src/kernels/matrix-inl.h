// Small row-major float matrices in scratch memory, padded for the register tiles of multiply-inl.h. Compiled once for
// every instruction set.
#if defined(PIXNERD_KERNELS_MATRIX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PIXNERD_KERNELS_MATRIX_INL_H_
#undef PIXNERD_KERNELS_MATRIX_INL_H_
#else
#define PIXNERD_KERNELS_MATRIX_INL_H_
#endif

#include "kernels/scratch.h"
#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

// A tile of C is kTileRows rows of kTileVectors vectors: as many registers as leave room for a row of B and one value
// of A, with more multiplications than loads in flight.
#if HWY_TARGET == HWY_AVX3
constexpr int kTileRows = 8;
constexpr int kTileVectors = 2;
#elif HWY_TARGET == HWY_AVX2
constexpr int kTileRows = 6;
constexpr int kTileVectors = 2;
#else
constexpr int kTileRows = 6;
constexpr int kTileVectors = 4;
#endif

constexpr int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Row-major, with room for whole tiles: rows are filled up to kTileRows and columns to kLanes and kTileRows. What the
// padding holds is of no account.
struct Matrix {
  Matrix(Scratch& scratch, int64_t row_count, int64_t column_count)
      : rows(row_count),
        columns(column_count),
        // An odd number of cache lines from row to row spreads a column over all sets of the cache.
        stride(round_up(column_count + kTileRows, 32) + 16),
        data(scratch.floats(round_up(row_count, kTileRows) * stride)) {}

  // Floats that lie one row after the other, to be read alone and by what needs no room for tiles.
  Matrix(const float* values, int64_t row_count, int64_t column_count)
      : rows(row_count), columns(column_count), stride(column_count), data(const_cast<float*>(values)) {}

  // The rows of `other` from `first` on, of which there are as many as whole tiles of `row_count` need.
  Matrix(const Matrix& other, int64_t first, int64_t row_count)
      : rows(row_count), columns(other.columns), stride(other.stride), data(other.row(first)) {}

  float* row(int64_t i) const { return data + i * stride; }

  int64_t rows, columns, stride;
  float* data;
};

// Between a Matrix and rows of `columns` values one after the other.
template <class T>
HWY_INLINE void copy_rows(const T* from, int64_t rows, int64_t columns, const Matrix& to) {
  for (int64_t i = 0; i < rows; ++i, from += columns) {
    along_row(columns,
              [&](auto lanes, int64_t j) HWY_ATTR { store(AllLanes(), load(lanes, from + j), to.row(i) + j); });
  }
}

template <class T>
HWY_INLINE void write_rows(const Matrix& from, int64_t rows, T* to) {
  for (int64_t i = 0; i < rows; ++i, to += from.columns) {
    along_row(from.columns,
              [&](auto lanes, int64_t j) HWY_ATTR { store(lanes, load(AllLanes(), from.row(i) + j), to + j); });
  }
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // the toggle
