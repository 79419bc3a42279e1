#include "models/efficientnet_lite.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/linear.h>

#include <string>

#include "core/text.h"

namespace pixnerd::models {
namespace {

using nn::Activation;

constexpr double kBatchNormEps = 1e-3;

// Blocks alike: the first has the stride and takes `in` channels, the others `out`.
struct Stage {
  int64_t repeats, kernel, stride, expansion, in, out;
};
constexpr Stage kStages[] = {{1, 3, 1, 1, 32, 16},  {2, 3, 2, 6, 16, 24},   {2, 5, 2, 6, 24, 40},  {3, 3, 2, 6, 40, 80},
                             {3, 5, 1, 6, 80, 112}, {4, 5, 2, 6, 112, 192}, {1, 3, 1, 6, 192, 320}};

struct Layer {
  std::string convolution, norm;
  int64_t in, out, kernel, stride;
  bool is_depthwise = false, is_activated = true, begins_block = false, adds_input = false, ends_stage = false;

  std::vector<int64_t> shape() const { return {out, is_depthwise ? 1 : in, kernel, kernel}; }

  // Sides are even wherever there is a stride, so that TensorFlow's `SAME` is one zero more after than before.
  nn::ConvolutionForm form() const {
    const int64_t padding = (kernel - stride) / 2;
    return {{stride, stride},
            {padding, padding},
            is_depthwise ? in : 1,
            is_activated ? Activation::relu6 : Activation::none};
  }
};

void add_block(std::vector<Layer>& layers, const std::string& name, int64_t in, int64_t stride, const Stage& stage) {
  const int64_t wide = in * stage.expansion;
  const size_t first = layers.size();
  if (stage.expansion > 1) layers.push_back({name + "_expand_conv", name + "_bn0", in, wide, 1, 1});
  layers.push_back({name + "_depthwise_conv", name + "_bn1", wide, wide, stage.kernel, stride, /*is_depthwise=*/true});
  layers.push_back({name + "_project_conv", name + "_bn2", wide, stage.out, 1, 1, false, /*is_activated=*/false});
  layers[first].begins_block = true;
  layers.back().adds_input = stride == 1 && in == stage.out;
}

std::vector<Layer> all_layers() {
  std::vector<Layer> layers = {{"_conv_stem", "_bn0", 3, 32, 3, 2}};
  int64_t block = 0;
  for (const Stage& stage : kStages) {
    if (stage.stride > 1) layers.back().ends_stage = true;
    for (int64_t i = 0; i < stage.repeats; ++i) {
      const bool is_first = i == 0;
      add_block(layers, concat("_blocks.", block++, "."), is_first ? stage.in : stage.out, is_first ? stage.stride : 1,
                stage);
    }
  }
  layers.push_back({"_conv_head", "_bn1", 320, kEfficientNetFeatures, 1, 1});
  return layers;
}

checkpoint::NamedTensors expected_tensors() {
  checkpoint::NamedTensors expected;
  for (const Layer& layer : all_layers()) {
    expected.emplace_back(layer.convolution + ".weight", expected_tensor(layer.shape()));
    for (const char* part : {".weight", ".bias", ".running_mean", ".running_var"}) {
      expected.emplace_back(layer.norm + part, expected_tensor({layer.out}));
    }
  }
  expected.emplace_back("_fc.weight", expected_tensor({kEfficientNetClasses, kEfficientNetFeatures}));
  expected.emplace_back("_fc.bias", expected_tensor({kEfficientNetClasses}));
  return expected;
}

}  // namespace

at::Tensor efficientnet_input(const at::Tensor& pictures) {
  return pictures.to(at::kFloat).sub_(127).div_(128).permute({0, 3, 1, 2});
}

EfficientNetLite::EfficientNetLite(const FrozenWeights& weights, at::ScalarType type, const at::Device& device,
                                   Mode mode)
    : type_(type), fingerprint_(fingerprint_of(weights.tensors)) {
  const at::NoGradGuard no_gradients;
  check_frozen_weights(expected_tensors(), weights);
  const auto& tensors = weights.tensors;
  for (const Layer& layer : all_layers()) {
    const BatchNorm norm{tensors.at(layer.norm + ".weight"), tensors.at(layer.norm + ".bias"),
                         tensors.at(layer.norm + ".running_mean"), tensors.at(layer.norm + ".running_var"),
                         kBatchNormEps};
    steps_.push_back(
        {FoldedConvolution(tensors.at(layer.convolution + ".weight"), norm, layer.form(), type, device, mode),
         layer.stride > 1, layer.begins_block, layer.adds_input, layer.ends_stage});
    if (layer.ends_stage) steps_of_stages_ = steps_.size();
  }
  weight_ = tensors.at("_fc.weight").to(device, at::kFloat, /*non_blocking=*/false, /*copy=*/true);
  bias_ = tensors.at("_fc.bias").to(device, at::kFloat, /*non_blocking=*/false, /*copy=*/true);
  checkpoint::require_unchanged(tensors);
}

EfficientNetLite EfficientNetLite::load(const std::filesystem::path& path, at::ScalarType type,
                                        const at::Device& device, Mode mode) {
  return EfficientNetLite(load_frozen_weights(path), type, device, mode);
}

template <class Take>
at::Tensor EfficientNetLite::run(const at::Tensor& pictures, size_t steps, const Take& take) const {
  at::Tensor x = pictures.to(type_).contiguous(at::MemoryFormat::ChannelsLast), block_input;
  for (size_t i = 0; i < steps; ++i) {
    const Step& step = steps_[i];
    if (step.begins_block) block_input = x;
    x = step.convolution(step.is_strided ? at::constant_pad_nd(x, {0, 1, 0, 1}) : x);
    if (step.adds_input) x.add_(block_input);
    take(step, x);
  }
  return x;
}

EfficientNetFeatures EfficientNetLite::operator()(const at::Tensor& pictures) const {
  const at::NoGradGuard no_gradients;
  const at::Tensor x = run(pictures, steps_.size(), [](const Step&, const at::Tensor&) {});
  EfficientNetFeatures features;
  features.pooled = x.to(at::kFloat).mean({2, 3});
  features.logits = at::linear(features.pooled, weight_, bias_);
  return features;
}

std::vector<at::Tensor> EfficientNetLite::stages(const at::Tensor& x) const {
  std::vector<at::Tensor> stages;
  run(x, steps_of_stages_, [&](const Step& step, const at::Tensor& y) {
    if (step.ends_stage) stages.push_back(y.to(at::kFloat));
  });
  return stages;
}

}  // namespace pixnerd::models
