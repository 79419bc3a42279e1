#include "train/repa.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cosine_similarity.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/silu.h>
#include <c10/core/GradMode.h>

#include <cmath>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::train {
namespace {

constexpr size_t kLayers = 3;

}  // namespace

Projector::Projector(int64_t width, int64_t hidden, int64_t features, at::Device device) {
  const int64_t widths[] = {width, hidden, hidden, features};
  const at::TensorOptions options = at::TensorOptions().dtype(at::kFloat).device(device);
  for (size_t i = 0; i < kLayers; ++i) {
    const std::string name = concat("proj.0.", 2 * i, ".");  // silu stands between, as it does in the official code
    parameters_.emplace_back(name + "weight", at::empty({widths[i + 1], widths[i]}, options).requires_grad_());
    parameters_.emplace_back(name + "bias", at::empty({widths[i + 1]}, options).requires_grad_());
  }
}

void Projector::initialise(at::Generator& generator) {
  const c10::NoGradGuard no_grad;
  for (size_t i = 0; i < kLayers; ++i) {
    const at::Tensor& weight = parameters_[2 * i].second;
    const double bound = 1.0 / std::sqrt(static_cast<double>(weight.size(1)));
    for (const at::Tensor& each : {weight, parameters_[2 * i + 1].second}) {
      each.copy_(at::empty(each.sizes(), at::kFloat).uniform_(-bound, bound, generator));
    }
  }
}

at::Tensor Projector::operator()(const at::Tensor& tokens) const {
  at::Tensor x = tokens;
  for (size_t i = 0; i < kLayers; ++i) {
    if (i > 0) x = at::silu(x);
    x = at::linear(x, parameters_[2 * i].second, parameters_[2 * i + 1].second);
  }
  return x;
}

at::Tensor alignment_losses(const at::Tensor& projected, const at::Tensor& features) {
  const int64_t tokens = features.size(1);
  if (projected.size(1) < tokens) {
    throw RequestError(concat("DINOv2 gives ", tokens, " tokens of a picture, the network has ", projected.size(1),
                              "; REPA needs at least as many of the network's"));
  }
  constexpr int64_t kLastAxis = -1;
  const at::Tensor cosine =
      at::cosine_similarity(projected.narrow(1, 0, tokens).to(at::kFloat), features.to(at::kFloat), kLastAxis);
  return 1 - cosine.mean(1);
}

at::Tensor teacher_features(const models::DinoV2& teacher, const at::Tensor& pictures) {
  const c10::NoGradGuard no_grad;
  return teacher(models::repa_input((pictures + 1) / 2)).patch_tokens;
}

}  // namespace pixnerd::train
