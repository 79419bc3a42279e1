// A picture that a trajectory begins from, and which of its pixels stay.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace pixnerd::engine {

struct Edit {
  at::Tensor image;      // x1 [1, C, H, W] in [-1, 1], of the picture's size
  at::Tensor mask;       // m [1, 1, H, W] in [0, 1]: 1 is drawn anew, 0 stays; undefined: 1 everywhere
  double strength = 1;   // kLeastStrength to 1: the flow begins at t = 1 - strength, from t x1 + (1 - t) k noise
  int64_t resample = 1;  // how often each step but the last is made (trajectory.h); with a mask only
};

inline constexpr double kLeastStrength = 0.001;  // a smaller step is lost in rounding
inline constexpr int64_t kMostResampling = 100;

}  // namespace pixnerd::engine
