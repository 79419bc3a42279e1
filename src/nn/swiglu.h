// The gated feed-forward layer of the transformer blocks: W_out(silu(W_gate x) * W_up x), no biases.
#pragma once

#include "nn/linear.h"

namespace pixnerd::nn {

// x sigmoid(x) by the kernel of the gate: what a value becomes does not depend on its place, whereas the framework's
// function has another exponential for the last few values of a tensor or of a thread's share.
at::Tensor silu(const at::Tensor& x);

// silu(a) * b; a and b contiguous and of one type and shape.
at::Tensor gated_product(const at::Tensor& a, const at::Tensor& b);

// silu(a) * b with a and b the two halves of the last axis of ab [..., 2 h] -> [..., h].
at::Tensor gated_product_of_halves(const at::Tensor& ab);

// How the gate and the up projection are stored: as two matrices, w1 and w3 with w2 behind them, or as the halves of
// one, w12 with w3 behind it.
enum class SwiGLUMatrices { separate, fused };

struct SwiGLUImpl : torch::nn::Module {
  SwiGLUImpl(int64_t width, int64_t hidden, SwiGLUMatrices matrices = SwiGLUMatrices::separate);

  void initialise(at::Generator& generator);  // w1, w3, w2; or w12, w3
  void pack(at::ScalarType dtype);

  // [..., width] -> [..., width]
  at::Tensor forward(const at::Tensor& x) const;

  // The same of rows that are in 8 bits already; only where takes_int8(): where all layers run in 8 bits.
  at::Tensor forward(const QuantisedRows& x) const;
  bool takes_int8() const;

 private:
  Linear gate_{nullptr}, up_{nullptr};  // separate
  Linear gate_and_up_{nullptr};         // fused
  Linear out_{nullptr};
};
TORCH_MODULE(SwiGLU);

}  // namespace pixnerd::nn
