// The logistic function of a vector of floats. Compiled once for every instruction set.
#if defined(PIXNERD_KERNELS_SIGMOID_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PIXNERD_KERNELS_SIGMOID_INL_H_
#undef PIXNERD_KERNELS_SIGMOID_INL_H_
#else
#define PIXNERD_KERNELS_SIGMOID_INL_H_
#endif

#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

// e^x, relative error below 1e-6, for x in [-87, 87]; beyond that the value at the nearer end.
HWY_INLINE Vector exp(Vector x) {
  const hn::Rebind<int32_t, Floats> integers;
  const Vector log2_e = all(1.44269504F);
  x = hn::Min(hn::Max(x, all(-87.0F)), all(87.0F));
  const Vector whole = hn::Round(hn::Mul(x, log2_e));
  const Vector f = hn::MulSub(x, log2_e, whole);  // [-1/2, 1/2]
  // 2^f by the polynomial of degree 5 whose greatest relative error, 7.5e-8, is the least.
  Vector p = hn::MulAdd(f, all(0.0013276472F), all(0.009675541F));
  p = hn::MulAdd(p, f, all(0.05550713F));
  p = hn::MulAdd(p, f, all(0.2402212F));
  p = hn::MulAdd(p, f, all(0.69314694F));
  p = hn::MulAdd(p, f, all(1.0000001F));
  const auto exponent = hn::ShiftLeft<23>(hn::ConvertTo(integers, whole));
  return hn::BitCast(Floats(), hn::Add(hn::BitCast(integers, p), exponent));
}

// Relative error a few 1e-7 for x in [1e-38, 1e38].
HWY_INLINE Vector reciprocal(Vector x) {
#if HWY_TARGET == HWY_AVX3
  const Vector guess = hn::ApproximateReciprocal(x);  // 14 bits, doubled by one step of Newton's method
  return hn::MulAdd(guess, hn::NegMulAdd(x, guess, all(1.0F)), guess);
#else
  return hn::Div(all(1.0F), x);
#endif
}

// 1 / (1 + e^-x), relative error below 2e-6 for x above -87; beyond that the value there.
HWY_INLINE Vector sigmoid(Vector x) {
  return reciprocal(hn::Add(exp(hn::Neg(x)), all(1.0F)));
}

#if HWY_TARGET == HWY_AVX3
// For what is rounded to bfloat16, whose own relative error is up to 4e-3: e^x, relative error below 1e-4 (and 2e-7
// |x|), and 0 or infinity where it is too small or large for a float.
HWY_INLINE Vector rough_exp(Vector x) {
  const Vector power = hn::Mul(x, all(1.44269504F));
  const Vector whole = hn::Round(power);
  const Vector f = hn::Sub(power, whole);  // [-1/2, 1/2]
  // 2^f by the polynomial of degree 3 whose greatest relative error, 7.5e-5, is the least.
  Vector p = hn::MulAdd(f, all(0.05517165F), all(0.24261112F));
  p = hn::MulAdd(p, f, all(0.69326099F));
  p = hn::MulAdd(p, f, all(0.99992807F));
  return Vector{_mm512_scalef_ps(p.raw, whole.raw)};  // p 2^whole
}

// 1 / (1 + e^-x) likewise, relative error below 2e-4.
HWY_INLINE Vector rough_sigmoid(Vector x) {
  return hn::ApproximateReciprocal(hn::Add(rough_exp(hn::Neg(x)), all(1.0F)));
}
#endif

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // the toggle
