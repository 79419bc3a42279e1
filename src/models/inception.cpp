#include "models/inception.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/upsample_bilinear2d.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/errors.h"
#include "core/text.h"
#include "models/inception_layers.h"

namespace pixnerd::models {
namespace {

constexpr int64_t kSpatialChannels = 7;
constexpr double kInceptionNormEps = 1e-3;

// Where TensorFlow 1 samples a side of `size` pixels: between `low` and `high`, `share` of the way.
struct Samples {
  at::Tensor low, high, share;  // [299]
};

Samples samples_of(int64_t size, const at::Device& device) {
  std::vector<int64_t> low, high;
  std::vector<float> share;
  const float scale = static_cast<float>(size) / static_cast<float>(kInceptionSide);
  for (int64_t i = 0; i < kInceptionSide; ++i) {
    const float position = static_cast<float>(i) * scale;
    low.push_back(static_cast<int64_t>(position));
    high.push_back(std::min(low.back() + 1, size - 1));
    share.push_back(position - static_cast<float>(low.back()));
  }
  return {at::tensor(low, at::kLong).to(device), at::tensor(high, at::kLong).to(device),
          at::tensor(share, at::kFloat).to(device)};
}

// a + (b - a) share along side `dimension` of x [B, H, W, 3].
at::Tensor interpolate(const at::Tensor& x, int64_t dimension, at::IntArrayRef share_shape) {
  const Samples samples = samples_of(x.size(dimension), x.device());
  const at::Tensor low = x.index_select(dimension, samples.low);
  return (x.index_select(dimension, samples.high) - low).mul_(samples.share.view(share_shape)).add_(low);
}

at::Tensor largest_of_3x3(const at::Tensor& x, int64_t stride, int64_t padding) {
  return at::max_pool2d(x, {3, 3}, {stride, stride}, {padding, padding});
}

at::Tensor mean_of_3x3(const at::Tensor& x) {
  return at::avg_pool2d(x, {3, 3}, {1, 1}, {1, 1}, /*ceil_mode=*/false, /*count_include_pad=*/false);
}

checkpoint::NamedTensors expected_tensors() {
  checkpoint::NamedTensors expected;
  for (const InceptionLayer& layer : inception_layers()) {
    expected.emplace_back(concat(layer.name, ".conv.weight"),
                          expected_tensor({layer.out, layer.in, layer.height, layer.width}));
    for (const char* part : {"weight", "bias", "running_mean", "running_var"}) {
      expected.emplace_back(concat(layer.name, ".bn.", part), expected_tensor({layer.out}));
    }
  }
  expected.emplace_back("fc.weight", expected_tensor({kInceptionClasses, kPooledFeatures}));
  expected.emplace_back("fc.bias", expected_tensor({kInceptionClasses}));
  return expected;
}

void require_the_fid_network(const FrozenWeights& weights) {
  const auto classes = weights.tensors.find("fc.bias");
  if (classes != weights.tensors.end() && classes->second.numel() == 1000) {
    throw CheckpointError(concat("checkpoint ", quoted(weights.source),
                                 ": is an Inception-v3 of 1000 classes, such as torchvision's; ",
                                 "FID is defined on pt_inception-2015-12-05, which has 1008"));
  }
  check_frozen_weights(expected_tensors(), weights);
}

}  // namespace

std::span<const std::pair<const char*, InceptionResize>> enum_names(InceptionResize) {
  static constexpr std::array<std::pair<const char*, InceptionResize>, 2> kNames{
      {{"tensorflow", InceptionResize::tensorflow}, {"pytorch", InceptionResize::pytorch}}};
  return kNames;
}

at::Tensor inception_input(const at::Tensor& pictures, InceptionResize resize) {
  const at::NoGradGuard no_gradients;
  const at::Tensor x = pictures.to(at::kFloat);  // [B, H, W, 3]
  if (resize == InceptionResize::pytorch) {
    const at::Tensor resized = at::upsample_bilinear2d((x / 255).permute({0, 3, 1, 2}),
                                                       {kInceptionSide, kInceptionSide}, /*align_corners=*/false);
    return (resized * 2 - 1).contiguous(at::MemoryFormat::ChannelsLast);
  }
  const at::Tensor wide = interpolate(x, 2, {1, 1, kInceptionSide, 1});
  return interpolate(wide, 1, {1, kInceptionSide, 1, 1}).sub_(128).div_(128).permute({0, 3, 1, 2});
}

Inception::Inception(const FrozenWeights& weights, at::ScalarType type, const at::Device& device)
    : type_(type), fingerprint_(fingerprint_of(weights.tensors)) {
  const at::NoGradGuard no_gradients;
  require_the_fid_network(weights);
  const auto& tensors = weights.tensors;
  for (const InceptionLayer& layer : inception_layers()) {
    const std::string name = layer.name, norm = name + ".bn.";
    const BatchNorm batch_norm{tensors.at(norm + "weight"), tensors.at(norm + "bias"),
                               tensors.at(norm + "running_mean"), tensors.at(norm + "running_var"), kInceptionNormEps};
    layers_.emplace(name,
                    FoldedConvolution(tensors.at(name + ".conv.weight"), batch_norm, form_of(layer), type, device));
  }
  weight_ = tensors.at("fc.weight").to(device, at::kFloat, /*non_blocking=*/false, /*copy=*/true);
  bias_ = tensors.at("fc.bias").to(device, at::kFloat, /*non_blocking=*/false, /*copy=*/true);
  checkpoint::require_unchanged(tensors);
}

Inception Inception::load(const std::filesystem::path& path, at::ScalarType type, const at::Device& device) {
  return Inception(load_frozen_weights(path), type, device);
}

at::Tensor Inception::convolve_all(const std::string& block, std::initializer_list<const char*> names,
                                   at::Tensor x) const {
  for (const char* name : names) x = convolve(block + name, x);
  return x;
}

at::Tensor Inception::stem(const at::Tensor& x) const {
  const at::Tensor early = convolve_all("Conv2d_", {"1a_3x3", "2a_3x3", "2b_3x3"}, x);
  const at::Tensor late = convolve_all("Conv2d_", {"3b_1x1", "4a_3x3"}, largest_of_3x3(early, 2, 0));
  return largest_of_3x3(late, 2, 0);  // [B, 192, 35, 35]
}

at::Tensor Inception::block_5(const std::string& name, const at::Tensor& x) const {
  return at::cat({convolve(name + ".branch1x1", x), convolve_all(name, {".branch5x5_1", ".branch5x5_2"}, x),
                  convolve_all(name, {".branch3x3dbl_1", ".branch3x3dbl_2", ".branch3x3dbl_3"}, x),
                  convolve(name + ".branch_pool", mean_of_3x3(x))},
                 1);
}

at::Tensor Inception::block_6a(const at::Tensor& x) const {
  return at::cat(
      {convolve("Mixed_6a.branch3x3", x),
       convolve_all("Mixed_6a", {".branch3x3dbl_1", ".branch3x3dbl_2", ".branch3x3dbl_3"}, x), largest_of_3x3(x, 2, 0)},
      1);  // [B, 768, 17, 17]
}

at::Tensor Inception::block_6(const std::string& name, const at::Tensor& x, at::Tensor* first_branch) const {
  const at::Tensor first = convolve(name + ".branch1x1", x);
  if (first_branch != nullptr) *first_branch = first;
  return at::cat(
      {first, convolve_all(name, {".branch7x7_1", ".branch7x7_2", ".branch7x7_3"}, x),
       convolve_all(name,
                    {".branch7x7dbl_1", ".branch7x7dbl_2", ".branch7x7dbl_3", ".branch7x7dbl_4", ".branch7x7dbl_5"}, x),
       convolve(name + ".branch_pool", mean_of_3x3(x))},
      1);
}

at::Tensor Inception::block_7a(const at::Tensor& x) const {
  return at::cat({convolve_all("Mixed_7a", {".branch3x3_1", ".branch3x3_2"}, x),
                  convolve_all("Mixed_7a", {".branch7x7x3_1", ".branch7x7x3_2", ".branch7x7x3_3", ".branch7x7x3_4"}, x),
                  largest_of_3x3(x, 2, 0)},
                 1);  // [B, 1280, 8, 8]
}

at::Tensor Inception::block_7(const std::string& name, const at::Tensor& x, bool pools_by_maximum) const {
  const at::Tensor square = convolve(name + ".branch3x3_1", x);
  const at::Tensor twice = convolve_all(name, {".branch3x3dbl_1", ".branch3x3dbl_2"}, x);
  const at::Tensor pooled = pools_by_maximum ? largest_of_3x3(x, 1, 1) : mean_of_3x3(x);
  return at::cat({convolve(name + ".branch1x1", x), convolve(name + ".branch3x3_2a", square),
                  convolve(name + ".branch3x3_2b", square), convolve(name + ".branch3x3dbl_3a", twice),
                  convolve(name + ".branch3x3dbl_3b", twice), convolve(name + ".branch_pool", pooled)},
                 1);  // [B, 2048, 8, 8]
}

InceptionFeatures Inception::operator()(const at::Tensor& pictures) const {
  const at::NoGradGuard no_gradients;
  at::Tensor x = stem(pictures.to(type_).contiguous(at::MemoryFormat::ChannelsLast));
  for (const char* name : {"Mixed_5b", "Mixed_5c", "Mixed_5d"}) x = block_5(name, x);
  x = block_6a(x);
  at::Tensor first_branch;  // [B, 192, 17, 17]
  for (const char* name : {"Mixed_6b", "Mixed_6c"}) x = block_6(name, x);
  x = block_6("Mixed_6d", x, &first_branch);
  x = block_7a(block_6("Mixed_6e", x));
  x = block_7("Mixed_7c", block_7("Mixed_7b", x, false), true);

  InceptionFeatures features;
  features.pooled = x.to(at::kFloat).mean({2, 3});
  features.spatial = first_branch.narrow(1, 0, kSpatialChannels).permute({0, 2, 3, 1}).to(at::kFloat).flatten(1);
  features.logits = at::linear(features.pooled, weight_);
  return features;
}

}  // namespace pixnerd::models
