// The convolutions of the FID Inception-v3: a convolution without bias, a batch norm that is folded into it, and a
// ReLU, run by oneDNN in its own layout where this LibTorch has that.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <span>

namespace pixnerd::models {

// One line of the network's table; its tensors are <name>.conv.weight [out, in, height, width] and <name>.bn.*.
struct InceptionLayer {
  const char* name;
  int64_t in, out, height, width;
  int64_t stride = 1;
  bool padded = true;  // by zeros, so that the size stays as it is at stride 1
};

// All of them, in the order of the published file.
std::span<const InceptionLayer> inception_layers();

inline constexpr double kInceptionNormEps = 1e-3;

struct InceptionNorm {
  at::Tensor weight, bias, mean, variance;  // [out]
};

class InceptionConvolution {
 public:
  // Computes in `type`, float32 or bfloat16; the norm is folded in float64.
  InceptionConvolution(const InceptionLayer& layer, const at::Tensor& weight, const InceptionNorm& norm,
                       at::ScalarType type);

  // relu(norm(convolution(x))): x [B, in, H, W] in channels-last order -> [B, out, H', W'] likewise.
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  std::array<int64_t, 2> padding_, stride_;
  at::Tensor weight_, bias_;
  bool packed_ = false;
};

}  // namespace pixnerd::models
