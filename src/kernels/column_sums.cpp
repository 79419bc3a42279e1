#include "kernels/column_sums.h"

#include <algorithm>

#include "kernels/reference.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/column_sums.cpp"
#include <hwy/foreach_target.h>

#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

// The sum of kRows rows that begin at x.
template <int kRows, class Lanes, class T>
HWY_INLINE Vector sum_of_rows(Lanes lanes, const T* x, int64_t stride) {
  if constexpr (kRows == 1) {
    return load(lanes, x);
  } else {
    constexpr int kHalf = kRows / 2;
    return hn::Add(sum_of_rows<kHalf>(lanes, x, stride), sum_of_rows<kHalf>(lanes, x + kHalf * stride, stride));
  }
}

template <int kRows, class T>
HWY_INLINE void add_rows(const T* x, int64_t stride, int64_t count, float* sums) {
  along_row(count, [&](auto lanes, int64_t j) HWY_ATTR {
    store(lanes, hn::Add(load(lanes, sums + j), sum_of_rows<kRows>(lanes, x + j, stride)), sums + j);
  });
}

template <class T>
void column_sums(const SumShape& shape, const ColumnSums<T>& of, Range columns) {
  constexpr int kTogether = 8;
  constexpr int64_t kBlockRows = 512, kBlockColumns = 1024;  // whose sums stay in the first-level cache
  std::fill(of.sums + columns.begin, of.sums + columns.end, 0.0F);
  for (int64_t j = columns.begin; j < columns.end; j += kBlockColumns) {
    const int64_t count = std::min(kBlockColumns, columns.end - j);
    for (int64_t i = 0; i < shape.rows; i += kBlockRows) {
      float block[kBlockColumns] = {};
      const int64_t end = std::min(i + kBlockRows, shape.rows);
      const T* x = of.x + i * shape.width + j;
      int64_t row = i;
      for (; row + kTogether <= end; row += kTogether, x += kTogether * shape.width) {
        add_rows<kTogether>(x, shape.width, count, block);
      }
      for (; row < end; ++row, x += shape.width) add_rows<1>(x, shape.width, count, block);
      add_rows<1>(block, 0, count, of.sums + j);
    }
  }
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

PIXNERD_EXPORT(column_sums, const SumShape&, ColumnSums)

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
