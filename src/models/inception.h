// The Inception-v3 that FID is defined on: the network of `pt_inception-2015-12-05`, a port of TensorFlow's
// inception-2015-12-05. It differs from torchvision's: average pools do not count padding, the last block pools by
// maximum, and it has 1008 classes.
//
// B pictures; activations are [B, C, H, W] in channels-last order.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "models/convolution.h"
#include "models/frozen_weights.h"

namespace pixnerd::models {

inline constexpr int64_t kInceptionSide = 299, kPooledFeatures = 2048, kSpatialFeatures = 2023,
                         kInceptionClasses = 1008;

// How pictures come to 299 x 299, which moves FID by several per cent: figures of different ways do not compare.
enum class InceptionResize {
  tensorflow,  // TensorFlow 1's bilinear without half-pixel centres, (x - 128) / 128: ADM's evaluator, torch-fidelity
  pytorch,     // bilinear with half-pixel centres, x / 127.5 - 1: pytorch-fid
};
std::span<const std::pair<const char*, InceptionResize>> enum_names(InceptionResize);

// pictures [B, H, W, 3] uint8 -> [B, 3, 299, 299] float32, channels-last, on the same device.
at::Tensor inception_input(const at::Tensor& pictures, InceptionResize resize);

struct InceptionFeatures {
  at::Tensor pooled;   // [B, 2048], pool3: FID, precision, recall, KID
  at::Tensor spatial;  // [B, 2023], 7 channels of the first branch of Mixed_6d as 17 x 17 x 7: sFID
  at::Tensor logits;   // [B, 1008] without bias, as ADM has them: IS
};

class Inception {
 public:
  // From tensors under their names in the published file. CheckpointError that begins with the source if one is
  // missing, has another shape, or is not of this network. `type` is float32 or bfloat16.
  explicit Inception(const FrozenWeights& weights, at::ScalarType type = at::kFloat,
                     const at::Device& device = at::kCPU);

  // Any file of weights, pt_inception-2015-12-05-*.pth or safetensors. DataError, CheckpointError.
  static Inception load(const std::filesystem::path& path, at::ScalarType type = at::kFloat,
                        const at::Device& device = at::kCPU);

  // x [B, 3, 299, 299] as inception_input makes it, on the device; features are float32.
  InceptionFeatures operator()(const at::Tensor& x) const;

  const at::Tensor& bias() const { return bias_; }  // [1008], what logits lack

  uint64_t fingerprint() const { return fingerprint_; }  // frozen_weights.h

 private:
  at::Tensor convolve(const std::string& name, const at::Tensor& x) const { return layers_.at(name)(x); }
  at::Tensor convolve_all(const std::string& block, std::initializer_list<const char*> names, at::Tensor x) const;
  at::Tensor stem(const at::Tensor& x) const;
  at::Tensor block_5(const std::string& name, const at::Tensor& x) const;
  at::Tensor block_6a(const at::Tensor& x) const;
  at::Tensor block_6(const std::string& name, const at::Tensor& x, at::Tensor* first_branch = nullptr) const;
  at::Tensor block_7a(const at::Tensor& x) const;
  at::Tensor block_7(const std::string& name, const at::Tensor& x, bool pools_by_maximum) const;

  at::ScalarType type_;
  std::map<std::string, FoldedConvolution> layers_;
  at::Tensor weight_, bias_;  // [1008, 2048], [1008] float32
  uint64_t fingerprint_ = 0;
};

}  // namespace pixnerd::models
