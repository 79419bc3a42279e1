#include "diffusion/guidance.h"

#include <algorithm>

namespace pixnerd::diffusion {

bool Guidance::active(float t) const {
  if (scale == 1.0) return false;  // v_u + 1 (v_c - v_u) is v_c
  if (!interval) return true;
  return static_cast<float>((*interval)[0]) < t && t < static_cast<float>((*interval)[1]);
}

EncodeSchedule EncodeSchedule::every(int64_t interval) {
  EncodeSchedule schedule;
  schedule.interval_ = interval;
  return schedule;
}

EncodeSchedule EncodeSchedule::at(std::vector<int64_t> steps) {
  EncodeSchedule schedule;
  schedule.interval_ = 0;
  schedule.steps_ = std::move(steps);
  std::sort(schedule.steps_.begin(), schedule.steps_.end());
  return schedule;
}

EncodeSchedule EncodeSchedule::of(const SamplerConfig& config) {
  return config.encode_steps.empty() ? every(config.reuse) : at(config.encode_steps);
}

bool EncodeSchedule::contains(int64_t step) const {
  if (interval_ > 0) return step % interval_ == 0;
  return std::binary_search(steps_.begin(), steps_.end(), step);
}

}  // namespace pixnerd::diffusion
