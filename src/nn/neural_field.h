// The neural field: a small MLP per patch whose weights the transformer predicts. It replaces the last linear
// projection of a diffusion transformer and maps every pixel of the patch on its own (paper, section 3). T = B * L
// patches, N pixels of a patch, C channels, E field width, r MLP ratio, D width of the transformer.
#pragma once

#include "nn/linear.h"
#include "nn/rms_norm.h"

namespace pixnerd::nn {

// u = W [pixel ; coordinate code] + b. The code is the same for every patch, so its share is one table [N, E] that is
// added to the pixels' share instead of being concatenated T times.
struct PixelEmbedderImpl : torch::nn::Module {
  PixelEmbedderImpl(int64_t channels, int64_t field_width);

  void initialise(at::Generator& generator);

  // pixels [T, N, C], code [N, 64] -> [T, N, E]
  at::Tensor forward(const at::Tensor& pixels, const at::Tensor& code) const;

 private:
  Linear linear_{nullptr};
};
TORCH_MODULE(PixelEmbedder);

// Which of the predicted matrices get columns of unit length.
enum class UnitColumns { both, first };

// u += silu(RMSNorm(u) W1) W2, W1 [E, E r] and W2 [E r, E] predicted from s, columns of unit length (eps 1e-12).
struct NeuralFieldBlockImpl : torch::nn::Module {
  NeuralFieldBlockImpl(int64_t width, int64_t field_width, int64_t mlp_ratio, UnitColumns unit = UnitColumns::both);

  void initialise(at::Generator& generator);
  void pack(at::ScalarType dtype) { param_generator_->pack(dtype); }

  // u [T, N, E], s [T, D] -> [T, N, E]
  at::Tensor forward(const at::Tensor& u, const at::Tensor& s) const { return apply(u, generate(s)); }

  // In two: W1 and W2 of each token, s [T, D] -> [T, 2 E E r], and what they do to its pixels.
  at::Tensor generate(const at::Tensor& s) const { return param_generator_->forward(s); }
  at::Tensor apply(const at::Tensor& u, const at::Tensor& parameters) const;

 private:
  int64_t field_width_, hidden_;
  UnitColumns unit_;
  Linear param_generator_{nullptr};
  RMSNorm norm_{nullptr};
};
TORCH_MODULE(NeuralFieldBlock);

// RMSNorm where there is one, then a linear layer to the pixel's channels; the linear layer starts at zero.
struct FinalLayerImpl : torch::nn::Module {
  FinalLayerImpl(int64_t field_width, int64_t channels, bool with_norm = true);

  void initialise(at::Generator& generator);

  // u [T, N, E] -> [T, N, C]
  at::Tensor forward(const at::Tensor& u) const;

 private:
  RMSNorm norm_{nullptr};
  Linear linear_{nullptr};
};
TORCH_MODULE(FinalLayer);

}  // namespace pixnerd::nn
