// Classifier-free guidance, and which steps compute the conditioning s anew.
//
//   v = v_u + g (v_c - v_u)  where lo < t < hi, else v_c
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "diffusion/sampler_config.h"

namespace pixnerd::diffusion {

struct Guidance {
  double scale = 1.0;
  std::optional<std::array<double, 2>> interval;  // none: at every t

  // Whether the unconditional branch counts at time t; compared in float32, both ends excluded.
  bool active(float t) const;
};

// The steps of a run at which s is computed anew; on the others each branch uses the s it computed last.
class EncodeSchedule {
 public:
  static EncodeSchedule every(int64_t interval);  // 0, K, 2K, ...
  static EncodeSchedule at(std::vector<int64_t> steps);
  static EncodeSchedule of(const SamplerConfig& config);  // what the settings say of reuse

  bool contains(int64_t step) const;

 private:
  int64_t interval_ = 1;
  std::vector<int64_t> steps_;  // ascending
};

}  // namespace pixnerd::diffusion
