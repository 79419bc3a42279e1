#include "train/perceptual.h"

#include <ATen/TensorOperators.h>
#include <c10/core/GradMode.h>

#include <vector>

namespace pixnerd::train {
namespace {

// As efficientnet_input, of pictures that are no bytes.
at::Tensor input(const at::Tensor& pictures) {
  return (pictures * 127.5 + 0.5) / 128;
}

// Lengths of 1; a place where nothing answers keeps a gradient.
at::Tensor normalised(const at::Tensor& features) {
  constexpr double kLeast = 1e-6;
  return features * (features.square().sum(1, /*keepdim=*/true) + kLeast).rsqrt();
}

}  // namespace

at::Tensor perceptual_losses(const models::EfficientNetLite& network, const at::Tensor& drawn, const at::Tensor& real) {
  std::vector<at::Tensor> expected;
  {
    const c10::NoGradGuard no_grad;
    expected = network.stages(input(real));
  }
  const std::vector<at::Tensor> seen = network.stages(input(drawn));
  at::Tensor sum;
  for (size_t i = 0; i < seen.size(); ++i) {
    const at::Tensor distance = (normalised(seen[i]) - normalised(expected[i])).square().sum(1).flatten(1).mean(1);
    sum = sum.defined() ? sum + distance : distance;
  }
  return sum / static_cast<double>(seen.size());
}

}  // namespace pixnerd::train
