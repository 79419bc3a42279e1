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
  return schedule;
}

bool EncodeSchedule::contains(int64_t step) const {
  if (interval_ > 0) return step % interval_ == 0;
  return std::find(steps_.begin(), steps_.end(), step) != steps_.end();
}

GuidedVelocity::GuidedVelocity(Denoiser& denoiser, at::Tensor condition, at::Tensor null_condition, Guidance guidance,
                               EncodeSchedule schedule)
    : denoiser_(denoiser),
      condition_(std::move(condition)),
      null_condition_(std::move(null_condition)),
      guidance_(guidance),
      schedule_(std::move(schedule)) {}

void GuidedVelocity::begin_step(int64_t step) {
  scheduled_ = schedule_.contains(step);
}

at::Tensor GuidedVelocity::operator()(const at::Tensor& x, float t) {
  const bool guided = guidance_.active(t);
  encode(x, t, guided);
  if (!guided) return denoiser_.decode(x, times(t, x), s_).to(at::kFloat);

  const at::Tensor both = twice(x);
  const auto v = denoiser_.decode(both, times(t, both), at::cat({s_null_, s_})).to(at::kFloat).chunk(2);
  return v[0] + guidance_.scale * (v[1] - v[0]);
}

void GuidedVelocity::encode(const at::Tensor& x, float t, bool guided) {
  const bool needs_s = scheduled_ || !s_.defined();
  const bool needs_null = guided && (scheduled_ || !s_null_.defined());
  if (needs_s && needs_null) {
    const at::Tensor both = twice(x);
    const auto s = denoiser_.encode(both, times(t, both), at::cat({null_condition_, condition_})).chunk(2);
    s_null_ = s[0];
    s_ = s[1];
  } else if (needs_s) {
    s_ = denoiser_.encode(x, times(t, x), condition_);
  } else if (needs_null) {
    s_null_ = denoiser_.encode(x, times(t, x), null_condition_);
  }
}

}  // namespace pixnerd::diffusion
