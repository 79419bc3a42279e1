// Random weights of EfficientNet-Lite0, such that what goes through keeps its size.
#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <map>
#include <string>

namespace pixnerd::models {

inline std::map<std::string, at::Tensor> efficientnet_weights() {
  struct Stage {
    int64_t repeats, kernel, expansion, in, out;
  };
  constexpr Stage kStages[] = {{1, 3, 1, 32, 16},  {2, 3, 6, 16, 24},   {2, 5, 6, 24, 40},  {3, 3, 6, 40, 80},
                               {3, 5, 6, 80, 112}, {4, 5, 6, 112, 192}, {1, 3, 6, 192, 320}};
  auto generator = at::make_generator<at::CPUGeneratorImpl>(3);
  std::map<std::string, at::Tensor> tensors;
  const auto add = [&](const std::string& convolution, const std::string& norm, int64_t in, int64_t out,
                       int64_t kernel) {
    const double scale = std::sqrt(2.0 / static_cast<double>(in * kernel * kernel));
    tensors.emplace(convolution + ".weight", at::randn({out, in, kernel, kernel}, generator) * scale);
    tensors.emplace(norm + ".weight", at::rand({out}, generator) * 0.4 + 0.8);
    tensors.emplace(norm + ".bias", at::randn({out}, generator) * 0.1);
    tensors.emplace(norm + ".running_mean", at::randn({out}, generator) * 0.1);
    tensors.emplace(norm + ".running_var", at::rand({out}, generator) * 0.4 + 0.8);
  };
  add("_conv_stem", "_bn0", 3, 32, 3);
  int64_t block = 0;
  for (const Stage& stage : kStages) {
    for (int64_t i = 0; i < stage.repeats; ++i) {
      const std::string name = "_blocks." + std::to_string(block++) + ".";
      const int64_t in = i == 0 ? stage.in : stage.out, wide = in * stage.expansion;
      if (stage.expansion > 1) add(name + "_expand_conv", name + "_bn0", in, wide, 1);
      add(name + "_depthwise_conv", name + "_bn1", 1, wide, stage.kernel);
      add(name + "_project_conv", name + "_bn2", wide, stage.out, 1);
    }
  }
  add("_conv_head", "_bn1", 320, 1280, 1);
  tensors.emplace("_fc.weight", at::randn({1000, 1280}, generator) * 0.03);
  tensors.emplace("_fc.bias", at::zeros({1000}));
  return tensors;
}

}  // namespace pixnerd::models
