#include "diffusion/stochastic.h"

#include <ATen/TensorOperators.h>

#include <cmath>

#include "core/errors.h"

namespace pixnerd::diffusion {

at::Tensor score(const at::Tensor& v, const at::Tensor& x, float t) {
  return (t * v - x) / (1.0F - t);
}

float noise_weight(NoiseScale scale, float t) {
  return scale == NoiseScale::sigma ? 1.0F - t : 1.0F;
}

at::Tensor advance(Stochastic form, const at::Tensor& x, const at::Tensor& v, const at::Tensor& score, float w,
                   float dt, NoiseSource& noise) {
  switch (form) {
    case Stochastic::none:
      return x + v * dt;
    case Stochastic::mean:
      return x + v * dt + score * (w * dt);
    case Stochastic::sde:
      return x + v * dt + score * (w * dt) + std::sqrt(2.0F * w * dt) * noise.draw_like(x);
    case Stochastic::preserve:
      return x + v * dt + score * (0.5F * w * dt) + std::sqrt(w * dt) * noise.draw_like(x);
  }
  throw RequestError("unknown stochastic form");
}

}  // namespace pixnerd::diffusion
