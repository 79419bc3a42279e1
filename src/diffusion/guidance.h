// Classifier-free guidance over a denoiser, with reuse of the conditioning s.
//
//   v = v_u + g (v_c - v_u)  where lo < t < hi, else v_c
//
// The unconditional branch is computed only where it is used; where both are, they form one batch, unconditional first.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <optional>
#include <vector>

#include "diffusion/denoiser.h"

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

  bool contains(int64_t step) const;

 private:
  int64_t interval_ = 1;
  std::vector<int64_t> steps_;  // ascending
};

// The velocity that a solver sees. One object lives for one trajectory, in one thread.
class GuidedVelocity {
 public:
  // condition and null_condition as the denoiser takes them, [B, ...]. The denoiser must outlive this object.
  GuidedVelocity(Denoiser& denoiser, at::Tensor condition, at::Tensor null_condition, Guidance guidance,
                 EncodeSchedule schedule = EncodeSchedule::every(1));

  // Every evaluation until the next call belongs to this step of the schedule.
  void begin_step(int64_t step);

  // x [B, C, H, W] at time t -> velocity, same shape.
  at::Tensor operator()(const at::Tensor& x, float t);

 private:
  // One of the two conditions with its s, and the field's weights where that serves again.
  struct Branch {
    at::Tensor condition, s, weights;
  };

  // Fills the s of the branches in use: all of them on a scheduled step, else those that have none yet.
  void encode(const at::Tensor& x, float t, bool guided);
  at::Tensor decode(const at::Tensor& x, float t, bool guided) const;

  Denoiser& denoiser_;
  Branch given_, null_;
  Guidance guidance_;
  EncodeSchedule schedule_;
  bool scheduled_ = true, serves_again_ = false;
};

}  // namespace pixnerd::diffusion
