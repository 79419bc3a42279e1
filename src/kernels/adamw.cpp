#include "kernels/adamw.h"

#include <cmath>

#include "kernels/reference.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/adamw.cpp"
#include <hwy/foreach_target.h>

#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

// The step's numbers in every lane, as the arithmetic needs them.
struct AdamWLanes {
  explicit AdamWLanes(const AdamWStep& step) {
    const auto t = static_cast<double>(step.step);
    const auto lanes = [](double value) { return all(static_cast<float>(value)); };
    gradient_scale = lanes(step.gradient_scale);
    new_mean = lanes(1 - step.betas[0]);
    old_square = lanes(step.betas[1]);
    new_square = lanes(1 - step.betas[1]);
    decay = lanes(1 - step.rate * step.weight_decay);
    rate = lanes(step.rate / (1 - std::pow(step.betas[0], t)));
    root = lanes(1 / std::sqrt(1 - std::pow(step.betas[1], t)));
    eps = lanes(step.eps);
    average_weight = lanes(step.average_weight);
  }

  Vector gradient_scale, new_mean, old_square, new_square, decay, rate, root, eps, average_weight;
};

void adamw_step(const AdamWStep& step, const AdamWArrays& arrays, Range values) {
  const AdamWLanes with(step);
  along_row(values.end - values.begin, [&](auto lanes, int64_t i) HWY_ATTR {
    const int64_t at = values.begin + i;
    const Vector g = hn::Mul(load(lanes, arrays.gradient + at), with.gradient_scale);
    const Vector old_m = load(lanes, arrays.exp_avg + at), old_v = load(lanes, arrays.exp_avg_sq + at);
    const Vector m = hn::MulAdd(with.new_mean, hn::Sub(g, old_m), old_m);
    const Vector v = hn::MulAdd(hn::Mul(with.new_square, g), g, hn::Mul(with.old_square, old_v));
    const Vector below = hn::MulAdd(hn::Sqrt(v), with.root, with.eps);
    const Vector decayed = hn::Mul(load(lanes, arrays.parameter + at), with.decay);
    const Vector x = hn::NegMulAdd(with.rate, hn::Div(m, below), decayed);
    const Vector average = load(lanes, arrays.average + at);
    store(lanes, m, arrays.exp_avg + at);
    store(lanes, v, arrays.exp_avg_sq + at);
    store(lanes, x, arrays.parameter + at);
    store(lanes, hn::MulAdd(with.average_weight, hn::Sub(x, average), average), arrays.average + at);
  });
}

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

void adamw_step(const AdamWStep& step, const AdamWArrays& arrays, Range values, Isa isa) {
  PIXNERD_CALL_FOR(isa, adamw_step(step, arrays, values))
}

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
