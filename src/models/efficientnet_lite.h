// EfficientNet-Lite0 (Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019, in
// TensorFlow's Lite form: no squeeze-and-excitation, ReLU6), trained on ImageNet: features for Frechet and kernel
// distances and for a perceptual loss, from weights that are freely at hand. Names are those of the package
// efficientnet-lite-pytorch.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <vector>

#include "models/convolution.h"
#include "models/frozen_weights.h"

namespace pixnerd::models {

inline constexpr int64_t kEfficientNetSide = 224, kEfficientNetFeatures = 1280, kEfficientNetClasses = 1000;

// pictures [B, 224, 224, 3] uint8 -> (x - 127) / 128, [B, 3, 224, 224] float32, channels-last, on the same device.
at::Tensor efficientnet_input(const at::Tensor& pictures);

struct EfficientNetFeatures {
  at::Tensor pooled;  // [B, 1280], after the global mean
  at::Tensor logits;  // [B, 1000]
};

class EfficientNetLite {
 public:
  // CheckpointError that begins with the source if a tensor is missing, has another shape, or is not of this network.
  // `type` is float32 or bfloat16.
  // In Mode::train what stages() gives has gradients for its x, and is slower.
  explicit EfficientNetLite(const FrozenWeights& weights, at::ScalarType type = at::kFloat,
                            const at::Device& device = at::kCPU, Mode mode = Mode::infer);

  // Any file of weights, efficientnet-lite0-*.pth or safetensors. DataError, CheckpointError.
  static EfficientNetLite load(const std::filesystem::path& path, at::ScalarType type = at::kFloat,
                               const at::Device& device = at::kCPU, Mode mode = Mode::infer);

  // x [B, 3, 224, 224] as efficientnet_input makes it, on the device; features are float32.
  EfficientNetFeatures operator()(const at::Tensor& x) const;

  // What lies before each halving of the sides but the first: of x [B, 3, H, W], sides at least 16, in the scale of
  // efficientnet_input, [B, 16, H / 2, W / 2], [B, 24, H / 4, ...], [B, 40, H / 8, ...], [B, 112, H / 16, ...].
  std::vector<at::Tensor> stages(const at::Tensor& x) const;

  uint64_t fingerprint() const { return fingerprint_; }  // frozen_weights.h

 private:
  struct Step {
    FoldedConvolution convolution;
    bool is_strided;                // with one more zero below and to the right, as TensorFlow pads
    bool begins_block, adds_input;  // what the block was given is added at its end
    bool ends_stage;                // of stages()
  };

  // What comes of the steps one after the other; `take` sees each result.
  template <class Take>
  at::Tensor run(const at::Tensor& x, size_t steps, const Take& take) const;

  at::ScalarType type_;
  std::vector<Step> steps_;
  size_t steps_of_stages_ = 0;
  at::Tensor weight_, bias_;  // [1000, 1280], [1000] float32
  uint64_t fingerprint_ = 0;
};

}  // namespace pixnerd::models
