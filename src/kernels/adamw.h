// One step of AdamW (Loshchilov and Hutter, algorithm 2) and of the parameters' exponential moving average, in one pass
// over memory: five arrays are read and four written, whatever the step computes. With g the gradient times
// gradient_scale and t the number of steps with this one:
//   m = beta1 m + (1 - beta1) g
//   v = beta2 v + (1 - beta2) g^2
//   x = x (1 - rate * weight_decay)
//   x = x - rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)
//   average = average + average_weight (x - average)
#pragma once

#include <array>
#include <cstdint>

#include "kernels/isa.h"
#include "kernels/range.h"

namespace pixnerd::kernels {

struct AdamWStep {
  double rate = 0.0;  // the learning rate
  std::array<double, 2> betas{0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0.0;
  int64_t step = 1;             // t
  double gradient_scale = 1.0;  // what clipping leaves of the gradient
  double average_weight = 0.0;  // 1 - decay of the average
};

struct AdamWArrays {
  float* parameter = nullptr;
  const float* gradient = nullptr;
  float* exp_avg = nullptr;     // m
  float* exp_avg_sq = nullptr;  // v
  float* average = nullptr;
};

void adamw_step(const AdamWStep& step, const AdamWArrays& arrays, Range values, Isa isa = chosen_isa());

}  // namespace pixnerd::kernels
