#include "diffusion/stochastic.h"

#include <ATen/TensorOperators.h>

#include <cmath>

namespace pixnerd::diffusion {
namespace {

float root(float x) {
  return std::sqrt(x);
}

at::Tensor root(const at::Tensor& x) {
  return x.sqrt();
}

}  // namespace

at::Tensor score(const at::Tensor& v, const at::Tensor& x, float t) {
  return (t * v - x) / (1.0F - t);
}

float noise_weight(NoiseScale scale, float t) {
  return scale == NoiseScale::sigma ? 1.0F - t : 1.0F;
}

at::Tensor advance(Stochastic form, const Course& course, const at::Tensor& v, const at::Tensor& score, float w,
                   float dt) {
  const at::Tensor along = course.x + v * dt;
  if (form == Stochastic::none) return along;
  const float drift = form == Stochastic::preserve ? 0.5F : 1.0F;
  const float variance = form == Stochastic::mean ? 0.0F : form == Stochastic::sde ? 2.0F : 1.0F;
  // w dt, a number or one a pixel.
  const auto carried = [&](const auto& share) {
    at::Tensor x = along + score * (share * drift);
    return variance > 0 ? x + root(share * variance) * course.noise->draw_like(x) : x;
  };
  return course.noise_weights.defined() ? carried(at::Tensor(course.noise_weights * (w * dt))) : carried(w * dt);
}

}  // namespace pixnerd::diffusion
