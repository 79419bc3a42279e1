// The predicted weights of one token: to float, columns to unit length, and the way back of their gradient. Compiled
// once for every instruction set.
#if defined(PIXNERD_KERNELS_FIELD_WEIGHTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PIXNERD_KERNELS_FIELD_WEIGHTS_INL_H_
#undef PIXNERD_KERNELS_FIELD_WEIGHTS_INL_H_
#else
#define PIXNERD_KERNELS_FIELD_WEIGHTS_INL_H_
#endif

#include <type_traits>

#include "kernels/field_block.h"
#include "kernels/pairs-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

// V = W with columns of unit length.
struct UnitColumns {
  UnitColumns(Scratch& scratch, int64_t rows, int64_t columns)
      : v(scratch, rows, columns), inverse(scratch.floats(v.stride)) {}

  Matrix v;
  float* inverse;  // 1 / max(norm, eps) of each column
};

template <int kVectors, class Lanes, class T>
HWY_INLINE void normalise_strip(Lanes lanes, const T* w, const UnitColumns& unit, int64_t column) {
  const Matrix& v = unit.v;
  Vector sum[kVectors];
  for (Vector& one : sum) one = all(0);
  for (int64_t i = 0; i < v.rows; ++i) {
    HWY_UNROLL(8)
    for (int k = 0; k < kVectors; ++k) {
      const Vector x = load(lanes, w + i * v.columns + column + k * kLanes);
      store(AllLanes(), x, v.row(i) + column + k * kLanes);
      sum[k] = hn::MulAdd(x, x, sum[k]);
    }
  }
  HWY_UNROLL(8)
  for (int k = 0; k < kVectors; ++k) {
    sum[k] = hn::Div(all(1), hn::Max(hn::Sqrt(sum[k]), all(kFieldNormaliseEps)));
    store(AllLanes(), sum[k], unit.inverse + column + k * kLanes);
  }
  for (int64_t i = 0; i < v.rows; ++i) {
    HWY_UNROLL(8)
    for (int k = 0; k < kVectors; ++k) {
      float* x = v.row(i) + column + k * kLanes;
      store(AllLanes(), hn::Mul(load(AllLanes(), x), sum[k]), x);
    }
  }
}

template <int kVectors, class Lanes, class T>
HWY_INLINE void normalise_strip_backward(Lanes lanes, const UnitColumns& unit, const Matrix& grad_v, T* grad_w,
                                         int64_t column) {
  const Matrix& v = unit.v;
  Vector along[kVectors], inverse[kVectors];
  for (Vector& one : along) one = all(0);
  for (int64_t i = 0; i < v.rows; ++i) {
    HWY_UNROLL(8)
    for (int k = 0; k < kVectors; ++k) {
      const int64_t j = column + k * kLanes;
      along[k] = hn::MulAdd(load(AllLanes(), v.row(i) + j), load(AllLanes(), grad_v.row(i) + j), along[k]);
    }
  }
  HWY_UNROLL(8)
  for (int k = 0; k < kVectors; ++k) {
    inverse[k] = load(AllLanes(), unit.inverse + column + k * kLanes);
    along[k] = hn::IfThenZeroElse(hn::Ge(inverse[k], all(1 / kFieldNormaliseEps)), along[k]);
  }
  for (int64_t i = 0; i < v.rows; ++i) {
    HWY_UNROLL(8)
    for (int k = 0; k < kVectors; ++k) {
      const int64_t j = column + k * kLanes;
      const Vector across =
          hn::NegMulAdd(load(AllLanes(), v.row(i) + j), along[k], load(AllLanes(), grad_v.row(i) + j));
      store(lanes, hn::Mul(across, inverse[k]), grad_w + i * v.columns + j);
    }
  }
}

// Calls visit(number of vectors, lanes, column) for strips of columns: wide ones, then narrower ones, then the rest.
template <int kVectors, class Visit>
HWY_INLINE void in_strips(int64_t columns, int64_t column, const Visit& visit) {
  for (; column + kVectors * kLanes <= columns; column += kVectors * kLanes) {
    visit(std::integral_constant<int, kVectors>(), AllLanes(), column);
  }
  if constexpr (kVectors > 1) {
    in_strips<kVectors / 2>(columns, column, visit);
  } else if (column < columns) {
    visit(std::integral_constant<int, 1>(), FirstLanes{columns - column}, column);
  }
}

template <class T>
HWY_NOINLINE void normalise_columns(const T* w, const UnitColumns& unit) {
  in_strips<4>(unit.v.columns, 0, [&](auto vectors, auto lanes, int64_t column) HWY_ATTR {
    normalise_strip<vectors()>(lanes, w, unit, column);
  });
}

// grad_w = (grad_v - v (v . grad_v)) / norm, column by column; grad_v / eps where the norm is below the eps.
template <class T>
HWY_NOINLINE void normalise_columns_backward(const UnitColumns& unit, const Matrix& grad_v, T* grad_w) {
  in_strips<4>(unit.v.columns, 0, [&](auto vectors, auto lanes, int64_t column) HWY_ATTR {
    normalise_strip_backward<vectors()>(lanes, unit, grad_v, grad_w, column);
  });
}

#if HWY_TARGET == HWY_AVX3
template <int kVectors, class Lanes>
HWY_INLINE void pair_strip(Lanes lanes, const BFloat16* w, int64_t rows, bool normalise, const Matrix& pairs,
                           int64_t column) {
  Vector sum[kVectors];
  for (Vector& one : sum) one = all(normalise ? 0 : 1);
  for (int64_t i = 0; normalise && i < rows; ++i) {
    HWY_UNROLL(8)
    for (int k = 0; k < kVectors; ++k) {
      const Vector x = load(lanes, w + i * pairs.columns + column + k * kLanes);
      sum[k] = hn::MulAdd(x, x, sum[k]);
    }
  }
  for (Vector& one : sum) one = hn::Div(all(1), hn::Max(hn::Sqrt(one), all(kFieldNormaliseEps)));
  for (int64_t i = 0; i < rows; i += 2) {
    HWY_UNROLL(8)
    for (int k = 0; k < kVectors; ++k) {
      const BFloat16* above = w + i * pairs.columns + column + k * kLanes;
      const Vector first = hn::Mul(load(lanes, above), sum[k]);
      const Vector second = i + 1 < rows ? hn::Mul(load(lanes, above + pairs.columns), sum[k]) : all(0);
      store(AllLanes(), join(first, second), pairs.row(i / 2) + column + k * kLanes);
    }
  }
}

// The right operand of w [rows, pairs.columns], with columns of unit length if they are to be normalised.
inline HWY_NOINLINE void pair_columns(const BFloat16* w, int64_t rows, bool normalise, const Matrix& pairs) {
  in_strips<4>(pairs.columns, 0, [&](auto vectors, auto lanes, int64_t column) HWY_ATTR {
    pair_strip<vectors()>(lanes, w, rows, normalise, pairs, column);
  });
}
#endif

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // the toggle
