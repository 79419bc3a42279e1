#include "diffusion/guidance.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>

#include <algorithm>

namespace pixnerd::diffusion {
namespace {

at::Tensor times(float t, const at::Tensor& x) {
  return at::full({x.size(0)}, t, x.options().dtype(at::kFloat));
}

at::Tensor twice(const at::Tensor& x) {
  return at::cat({x, x});
}

}  // namespace

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

bool EncodeSchedule::contains(int64_t step) const {
  if (interval_ > 0) return step % interval_ == 0;
  return std::binary_search(steps_.begin(), steps_.end(), step);
}

GuidedVelocity::GuidedVelocity(Denoiser& denoiser, at::Tensor condition, at::Tensor null_condition, Guidance guidance,
                               EncodeSchedule schedule)
    : denoiser_(denoiser),
      given_{std::move(condition), {}, {}},
      null_{std::move(null_condition), {}, {}},
      guidance_(guidance),
      schedule_(std::move(schedule)) {}

void GuidedVelocity::begin_step(int64_t step) {
  scheduled_ = schedule_.contains(step);
  serves_again_ = !scheduled_ || !schedule_.contains(step + 1);
}

at::Tensor GuidedVelocity::operator()(const at::Tensor& x, float t) {
  const bool guided = guidance_.active(t);
  encode(x, t, guided);
  return decode(x, t, guided);
}

void GuidedVelocity::encode(const at::Tensor& x, float t, bool guided) {
  const bool needs_given = scheduled_ || !given_.s.defined();
  const bool needs_null = guided && (scheduled_ || !null_.s.defined());
  if (needs_given) given_.weights.reset();
  if (needs_null) null_.weights.reset();
  if (needs_given && needs_null) {
    const at::Tensor both = twice(x);
    const auto s = denoiser_.encode(both, times(t, both), at::cat({null_.condition, given_.condition})).chunk(2);
    null_.s = s[0];
    given_.s = s[1];
  } else if (needs_given) {
    given_.s = denoiser_.encode(x, times(t, x), given_.condition);
  } else if (needs_null) {
    null_.s = denoiser_.encode(x, times(t, x), null_.condition);
  }
  if (!serves_again_) return;
  if (!given_.weights.defined()) given_.weights = denoiser_.field_weights(given_.s);
  if (guided && !null_.weights.defined()) null_.weights = denoiser_.field_weights(null_.s);
}

at::Tensor GuidedVelocity::decode(const at::Tensor& x, float t, bool guided) const {
  const auto one = [&](const Branch& branch) {
    return denoiser_.decode(x, times(t, x), branch.s, branch.weights).to(at::kFloat);
  };
  const auto combined = [&](const at::Tensor& v_null, const at::Tensor& v_given) {
    return v_null + guidance_.scale * (v_given - v_null);
  };
  if (!guided) return one(given_);
  // The weights are large: each branch by itself, rather than a copy of both.
  if (given_.weights.defined() && null_.weights.defined()) return combined(one(null_), one(given_));
  const at::Tensor both = twice(x);
  const auto v = denoiser_.decode(both, times(t, both), at::cat({null_.s, given_.s})).to(at::kFloat).chunk(2);
  return combined(v[0], v[1]);
}

}  // namespace pixnerd::diffusion
