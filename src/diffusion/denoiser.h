// The one interface that samplers and losses know of a network, in its two halves.
//
//   encode(x, t, condition) -> s     the transformer on patches: most of the cost
//   decode(x, t, s) -> velocity      the neural field on pixels
//
// The seam is there so that s may be reused: decoding new noisy pixels with an older s is the network's own argument
// `s`. B batch, C channels, H height, W width of the image in pixels.
//
// Samplers and losses call a denoiser from one thread at a time; whether several may call it at once is said by each
// kind of denoiser.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace pixnerd::diffusion {

class Denoiser {
 public:
  virtual ~Denoiser() = default;

  // x [B, C, H, W], t [B] float32 in [0, 1], condition [B, ...] as the network defines it. s has B as its first axis.
  virtual at::Tensor encode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& condition) = 0;

  // The velocity v = dx/dt [B, C, H, W] at (x, t). Only networks that predict the image look at t here. `weights` are
  // those that field_weights(s) gave; the result is the same without them.
  virtual at::Tensor decode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& s,
                            const at::Tensor& weights = {}) = 0;

  // The weights that the neural field predicts from s, which make decode() cheaper while s is reused. Undefined where
  // there are none, or too many to be kept.
  virtual at::Tensor field_weights(const at::Tensor&) { return {}; }

  at::Tensor velocity(const at::Tensor& x, const at::Tensor& t, const at::Tensor& condition) {
    return decode(x, t, encode(x, t, condition));
  }
};

// A plain velocity function v(x, t, condition) as a denoiser: s is the condition itself.
class FunctionDenoiser : public Denoiser {
 public:
  using Function = std::function<at::Tensor(const at::Tensor& x, const at::Tensor& t, const at::Tensor& condition)>;
  explicit FunctionDenoiser(Function function) : function_(std::move(function)) {}

  at::Tensor encode(const at::Tensor&, const at::Tensor&, const at::Tensor& condition) override { return condition; }
  at::Tensor decode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& s, const at::Tensor&) override {
    return function_(x, t, s);
  }

 private:
  Function function_;
};

}  // namespace pixnerd::diffusion
