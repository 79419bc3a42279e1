// What turns time, labels and patches into vectors of the transformer's width D.
#pragma once

#include "nn/linear.h"
#include "nn/rms_norm.h"

namespace pixnerd::nn {

// Cuts an image [B, C, H, W] into rows x columns equal patches [B, L, C * N]: tokens row-major, features in the order
// (c, py, px). H and W are multiples of rows and columns.
at::Tensor unfold_patches(const at::Tensor& x, int64_t rows, int64_t columns);

// The inverse of unfold_patches for an image of height x width pixels.
at::Tensor fold_patches(const at::Tensor& patches, int64_t rows, int64_t columns, int64_t height, int64_t width);

// t [B] in [0, 1] -> W2 silu(W0 f(t)) [B, D]; f are the sinusoidal features of positions.h.
struct TimestepEmbedderImpl : torch::nn::Module {
  explicit TimestepEmbedderImpl(int64_t width);

  void initialise(at::Generator& generator);
  void initialise_weights_again(at::Generator& generator);  // normal(0, 0.02); the biases stay

  at::Tensor forward(const at::Tensor& t) const;

 private:
  Linear first_{nullptr}, second_{nullptr};
};
TORCH_MODULE(TimestepEmbedder);

// Labels y [B] int64 -> rows of a table with one row a class and a last one for the null class, [B, D]. With a second
// label, the style, y is [B, 2] and the row of a second such table is added. Floating y are mixtures: the labels of
// one, those of another, and the share w of the other, [B, 3] or [B, 5], give (1 - w) and w of the vectors of the two.
struct LabelEmbedderImpl : torch::nn::Module {
  LabelEmbedderImpl(int64_t num_classes, int64_t num_styles, int64_t width);

  void initialise(at::Generator& generator, double std);  // the classes' table, then the styles'

  at::Tensor forward(const at::Tensor& y) const;

 private:
  at::Tensor rows_of(const at::Tensor& y) const;  // labels

  at::Tensor table_;   // [num_classes + 1, D]
  at::Tensor styles_;  // [num_styles + 1, D]; undefined without styles
};
TORCH_MODULE(LabelEmbedder);

// States y [B, N, T] of a text encoder -> RMSNorm(W y + b) [B, N, D].
struct TextEmbedderImpl : torch::nn::Module {
  TextEmbedderImpl(int64_t text_width, int64_t width);

  void initialise(at::Generator& generator);
  void pack(at::ScalarType dtype) { proj_->pack(dtype); }

  at::Tensor forward(const at::Tensor& y) const;

 private:
  Linear proj_{nullptr};
  RMSNorm norm_{nullptr};
};
TORCH_MODULE(TextEmbedder);

// Hidden width of what follows, in D: a vector of D values for each of many things has to come from one for each text.
inline constexpr int64_t kPooledWidening = 4;

// States y [B, N, T] of a text encoder -> W2 silu(W0 RMSNorm(sum over N of y)) [B, D], what a text says as a whole.
struct PooledTextEmbedderImpl : torch::nn::Module {
  PooledTextEmbedderImpl(int64_t text_width, int64_t width);

  void initialise(at::Generator& generator);  // weights of variance 1 / inputs, biases 0

  at::Tensor forward(const at::Tensor& y) const;

 private:
  RMSNorm norm_{nullptr};
  Linear first_{nullptr}, second_{nullptr};
};
TORCH_MODULE(PooledTextEmbedder);

// Patches [B, L, C * P * P] -> [B, L, D].
struct PatchEmbedderImpl : torch::nn::Module {
  PatchEmbedderImpl(int64_t features, int64_t width);

  void initialise(at::Generator& generator);
  void initialise_again(at::Generator& generator);  // weight xavier-uniform, bias 0
  void pack(at::ScalarType dtype) { proj_->pack(dtype); }

  at::Tensor forward(const at::Tensor& patches) const;

 private:
  Linear proj_{nullptr};
};
TORCH_MODULE(PatchEmbedder);

}  // namespace pixnerd::nn
