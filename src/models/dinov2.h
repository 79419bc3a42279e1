// DINOv2 (Oquab et al., "DINOv2: Learning Robust Visual Features without Supervision", 2023): the vision transformer of
// facebookresearch/dinov2 with an MLP in its blocks (ViT-S, B and L), frozen, under the names of its checkpoints. Its
// patch tokens are what REPA aligns a denoiser with; its class token is what FD-DINOv2 is computed on.
//
// B pictures, P the patch's side, D the width.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "models/frozen_weights.h"
#include "nn/packed_weight.h"

namespace pixnerd::models {

inline constexpr int64_t kDinoV2Side = 224;

// What REPA shows of clean pictures [B, 3, H, W] in 0..1: ImageNet's normalisation, then bicubic, without antialias, to
// 14/16 of each side, so that patches of 14 lie where the denoiser's of 16 do.
at::Tensor repa_input(const at::Tensor& pictures);

// pictures [B, H, W, 3] uint8 -> [B, 3, H, W] float32, normalised as ImageNet's: with 224 x 224 pixels what dgm-eval
// shows for FD-DINOv2 (Stein et al., "Exposing flaws of generative model evaluation metrics", 2023).
at::Tensor dinov2_input(const at::Tensor& pictures);

struct DinoV2Options {
  std::optional<int64_t> num_heads;  // D / 64, as all published ones have, unless given
  at::ScalarType type = at::kFloat;  // of products: float32 or bfloat16
  at::Device device = at::kCPU;
};

struct DinoV2Tokens {
  at::Tensor class_token;   // [B, D]
  at::Tensor patch_tokens;  // [B, H / P * W / P, D], row-major
};

class DinoV2 {
 public:
  // Sizes are told from shapes. CheckpointError that begins with the source if a tensor is missing, does not fit the
  // others, or is not of this network.
  explicit DinoV2(const FrozenWeights& weights, const DinoV2Options& options = {});

  // Any file of weights, dinov2_vit*14_pretrain.pth or safetensors. DataError, CheckpointError.
  static DinoV2 load(const std::filesystem::path& path, const DinoV2Options& options = {});

  // x [B, 3, H, W], sides multiples of P, on the device -> float32 tokens after the final norm, without gradients and
  // whatever autocast says. RequestError for other sides.
  DinoV2Tokens operator()(const at::Tensor& x) const;

  // What is added to the class token and the patches of a grid: [1, 1 + rows * columns, D].
  at::Tensor position_table(int64_t rows, int64_t columns) const;

  at::Device device() const { return class_token_.device(); }
  int64_t width() const { return class_token_.size(2); }
  int64_t patch_size() const { return patch_weight_.size(2); }
  int64_t depth() const { return static_cast<int64_t>(blocks_.size()); }
  uint64_t fingerprint() const { return fingerprint_; }  // frozen_weights.h

 private:
  struct Norm {
    at::Tensor weight, bias;
    at::Tensor operator()(const at::Tensor& x) const;
  };
  struct Product {  // x W^T + b
    at::Tensor weight, bias;
    std::optional<nn::PackedWeight> packed = {};  // instead of both, where there are such products
    at::Tensor operator()(const at::Tensor& x) const;
  };
  struct Block {
    Norm norm1, norm2;
    Product qkv, proj, fc1, fc2;  // the layer scales are folded into proj and fc2
  };

  at::Tensor attention(const Block& block, const at::Tensor& x) const;
  at::Tensor tokens_of(const at::Tensor& x) const;

  at::ScalarType type_;
  int64_t num_heads_;
  at::Tensor class_token_, register_tokens_, positions_, patch_weight_, patch_bias_;
  std::vector<Block> blocks_;
  Norm norm_;
  uint64_t fingerprint_ = 0;
};

}  // namespace pixnerd::models
