#include "kernels/hadamard.h"

#include <bit>
#include <utility>

#include "kernels/reference.h"
#include "kernels/scratch.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/hadamard.cpp"
#include <hwy/foreach_target.h>

#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

// Sums of neighbours, then their differences. The lowest bit of an index becomes its highest: after log2 n such stages,
// all of the same form, every bit has had its turn and is back in its place (Pease, 1968).
HWY_INLINE void stage(const float* from, float* to, int64_t half) {
  int64_t i = 0;
  for (; i + kLanes <= half; i += kLanes) {
    Vector even, odd;
    hn::LoadInterleaved2(Floats(), from + 2 * i, even, odd);
    hn::StoreU(hn::Add(even, odd), Floats(), to + i);
    hn::StoreU(hn::Sub(even, odd), Floats(), to + half + i);
  }
  for (; i < half; ++i) {
    const float even = from[2 * i], odd = from[2 * i + 1];
    to[i] = even + odd;
    to[half + i] = even - odd;
  }
}

template <class T>
void turn_rows(int64_t width, const TurnRows<T>& turning, Range rows) {
  const int64_t n = hadamard_size(width);
  const int stages = std::countr_zero(static_cast<uint64_t>(n));
  const Vector scale = all(1 / std::sqrt(static_cast<float>(n)));
  Scratch memory;
  float* const scratch = memory.floats(n);
  for (int64_t first = rows.begin * width; first < rows.end * width; first += n) {
    float* to = turning.y + first;
    float* from = stages % 2 == 0 ? to : scratch;
    along_row(n, [&](auto lanes, int64_t j)
                     HWY_ATTR { store(lanes, hn::Mul(load(lanes, turning.x + first + j), scale), from + j); });
    to = from == scratch ? to : scratch;
    for (int i = 0; i < stages; ++i) {
      stage(from, to, n / 2);
      std::swap(from, to);
    }
  }
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

template <class T>
void turn_rows(int64_t width, const TurnRows<T>& turning, Range rows, Isa isa) {
  PIXNERD_CALL_FOR(isa, turn_rows(width, turning, rows))
}

template void turn_rows(int64_t, const TurnRows<float>&, Range, Isa);
template void turn_rows(int64_t, const TurnRows<BFloat16>&, Range, Isa);

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
