#include "kernels/resample.h"

#include <algorithm>
#include <vector>

#include "kernels/reference.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/resample.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

namespace hn = hwy::HWY_NAMESPACE;
using Sums = hn::ScalableTag<int32_t>;
using SumBytes = hn::Rebind<uint8_t, Sums>;
constexpr int64_t kSums = hn::MaxLanes(Sums());
// So many vectors are summed up at once, of 48 bytes, three channels in 16 rows, and of a row.
constexpr int kColumnVectors = 3, kRowVectors = 4;

// kVectors * kSums neighbouring bytes of y; the inputs of one weight lie side by side, those of the next `step`
// further.
template <int kVectors>
HWY_INLINE void weighted_sums(const int32_t* weights, int32_t count, const uint8_t* x, int64_t step, uint8_t* y) {
  hn::Vec<Sums> sums[kVectors];
  for (auto& sum : sums) sum = hn::Set(Sums(), 1 << (kWeightBits - 1));
  for (int32_t j = 0; j < count; ++j, x += step) {
    const auto weight = hn::Set(Sums(), weights[j]);
    for (int v = 0; v < kVectors; ++v) {
      const auto inputs = hn::PromoteTo(Sums(), hn::LoadU(SumBytes(), x + v * kSums));
      sums[v] = hn::Add(sums[v], hn::Mul(weight, inputs));
    }
  }
  for (int v = 0; v < kVectors; ++v) {  // DemoteTo clips
    hn::StoreU(hn::DemoteTo(SumBytes(), hn::ShiftRight<kWeightBits>(sums[v])), SumBytes(), y + v * kSums);
  }
}

// The last vector of a row overlaps the one before.
void resample_height(const ResampleTaps& taps, int64_t width, const ResampleRows& pixels, Range outputs) {
  if (width < kSums) return reference::resample_height(taps, width, pixels, outputs);
  for (int64_t row = outputs.begin; row < outputs.end; ++row) {
    const int32_t *weights = taps.weights + taps.start[row], count = taps.count(row);
    const uint8_t* x = pixels.x + taps.first[row] * pixels.x_stride;
    uint8_t* y = pixels.y + row * pixels.y_stride;
    int64_t i = 0;
    for (; i + kRowVectors * kSums <= width; i += kRowVectors * kSums) {
      weighted_sums<kRowVectors>(weights, count, x + i, pixels.x_stride, y + i);
    }
    for (; i < width; i += kSums) {
      i = std::min(i, width - kSums);
      weighted_sums<1>(weights, count, x + i, pixels.x_stride, y + i);
    }
  }
}

// Of so many rows the bytes of a column lie side by side in a strip, so that neighbours in memory share a weight.
constexpr int64_t kRows = 16;
using Column = hn::FixedTag<uint8_t, kRows>;

// store(j, column j of the 16 x 16 bytes whose row i is load(i)), by four riffles of all rows.
template <class Load, class Store>
HWY_INLINE void transpose(const Load& load, const Store& store) {
  hn::Vec<Column> now[kRows], next[kRows];
  for (int64_t i = 0; i < kRows; ++i) now[i] = load(i);
  for (int riffle = 0; riffle < 4; ++riffle) {
    for (int64_t i = 0; i < kRows / 2; ++i) {
      next[2 * i] = hn::InterleaveLower(Column(), now[i], now[i + kRows / 2]);
      next[2 * i + 1] = hn::InterleaveUpper(Column(), now[i], now[i + kRows / 2]);
    }
    for (int64_t i = 0; i < kRows; ++i) now[i] = next[i];
  }
  for (int64_t i = 0; i < kRows; ++i) store(i, now[i]);
}

// At least kRows bytes of each row; the last columns are done twice where they are no multiple.
HWY_INLINE void to_strip(const uint8_t* const* rows, int64_t bytes, uint8_t* strip) {
  for (int64_t at = 0; at < bytes; at += kRows) {
    at = std::min(at, bytes - kRows);
    transpose([&](int64_t i) HWY_ATTR { return hn::LoadU(Column(), rows[i] + at); },
              [&](int64_t j, auto column) HWY_ATTR { hn::StoreU(column, Column(), strip + (at + j) * kRows); });
  }
}

HWY_INLINE void from_strip(const uint8_t* strip, int64_t bytes, uint8_t* const* rows, int64_t count) {
  for (int64_t at = 0; at < bytes; at += kRows) {
    at = std::min(at, bytes - kRows);
    transpose([&](int64_t j) HWY_ATTR { return hn::LoadU(Column(), strip + (at + j) * kRows); },
              [&](int64_t i, auto row) HWY_ATTR {
                if (i < count) hn::StoreU(row, Column(), rows[i] + at);
              });
  }
}

HWY_INLINE void resample_strip(const ResampleTaps& taps, const uint8_t* x, uint8_t* y) {
  for (int64_t i = 0; i < taps.outputs; ++i, y += 3 * kRows) {
    const uint8_t* const inputs = x + (taps.first[i] - taps.first[0]) * 3 * kRows;
    for (int64_t at = 0; at < 3 * kRows; at += kColumnVectors * kSums) {
      weighted_sums<kColumnVectors>(taps.weights + taps.start[i], taps.count(i), inputs + at, 3 * kRows, y + at);
    }
  }
}

void resample_width(const ResampleTaps& taps, const ResampleRows& pixels, Range rows) {
  const int64_t begin = 3 * taps.first[0], inputs = 3 * taps.end() - begin, outputs = 3 * taps.outputs;
  if (std::min(inputs, outputs) < kRows) return reference::resample_width(taps, pixels, rows);
  std::vector<uint8_t> x(static_cast<size_t>(inputs * kRows)), y(static_cast<size_t>(outputs * kRows));
  for (int64_t row = rows.begin; row < rows.end; row += kRows) {
    const int64_t count = std::min(kRows, rows.end - row);
    const uint8_t* from[kRows];
    uint8_t* to[kRows];
    for (int64_t i = 0; i < kRows; ++i) {  // the last row again where there are fewer
      from[i] = pixels.x + (row + std::min(i, count - 1)) * pixels.x_stride + begin;
      to[i] = pixels.y + (row + std::min(i, count - 1)) * pixels.y_stride;
    }
    to_strip(from, inputs, x.data());
    resample_strip(taps, x.data(), y.data());
    from_strip(y.data(), outputs, to, count);
  }
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

void resample_width(const ResampleTaps& taps, const ResampleRows& pixels, Range rows, Isa isa) {
  PIXNERD_CALL_FOR(isa, resample_width(taps, pixels, rows))
}

void resample_height(const ResampleTaps& taps, int64_t width, const ResampleRows& pixels, Range outputs, Isa isa) {
  PIXNERD_CALL_FOR(isa, resample_height(taps, width, pixels, outputs))
}

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
