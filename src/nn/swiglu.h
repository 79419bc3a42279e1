// The gated feed-forward layer of the transformer blocks: w2(silu(w1 x) * w3 x), no biases.
#pragma once

#include "nn/linear.h"

namespace pixnerd::nn {

// silu(a) * b; a and b contiguous and of one type and shape.
at::Tensor gated_product(const at::Tensor& a, const at::Tensor& b);

struct SwiGLUImpl : torch::nn::Module {
  SwiGLUImpl(int64_t width, int64_t hidden);

  void initialise(at::Generator& generator);  // w1, w3, w2
  void pack(at::ScalarType dtype);

  // [..., width] -> [..., width]
  at::Tensor forward(const at::Tensor& x) const;

 private:
  Linear w1_{nullptr}, w3_{nullptr}, w2_{nullptr};
};
TORCH_MODULE(SwiGLU);

}  // namespace pixnerd::nn
