#include <cmath>

#include "kernels/reference.h"

namespace pixnerd::kernels::reference {

void adamw_step(const AdamWStep& step, const AdamWArrays& arrays, Range values) {
  const auto t = static_cast<double>(step.step);
  for (int64_t i = values.begin; i < values.end; ++i) {
    const double g = arrays.gradient[i] * step.gradient_scale;
    const double m = step.betas[0] * arrays.exp_avg[i] + (1 - step.betas[0]) * g;
    const double v = step.betas[1] * arrays.exp_avg_sq[i] + (1 - step.betas[1]) * g * g;
    const double unbiased_m = m / (1 - std::pow(step.betas[0], t));
    const double unbiased_v = v / (1 - std::pow(step.betas[1], t));
    const double decayed = arrays.parameter[i] * (1 - step.rate * step.weight_decay);
    const double x = decayed - step.rate * unbiased_m / (std::sqrt(unbiased_v) + step.eps);
    arrays.exp_avg[i] = static_cast<float>(m);
    arrays.exp_avg_sq[i] = static_cast<float>(v);
    arrays.parameter[i] = static_cast<float>(x);
    arrays.average[i] = static_cast<float>(arrays.average[i] + step.average_weight * (x - arrays.average[i]));
  }
}

}  // namespace pixnerd::kernels::reference
