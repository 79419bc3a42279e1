#include "train/validation.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <utility>

#include "data/loader.h"
#include "diffusion/flow_matching.h"
#include "diffusion/noise.h"
#include "image/pixels.h"
#include "models/precision.h"

namespace pixnerd::train {
namespace {

at::Tensor in_model_range(const image::Image& picture) {
  at::Tensor chw = at::empty({3, picture.height, picture.width}, at::kFloat);
  image::to_model_range(picture.rgb, picture.width, picture.height, chw.mutable_data_ptr<float>());
  return chw;
}

}  // namespace

Validation::Validation(std::shared_ptr<const data::PictureSet> pictures, Conditions& conditions,
                       const RunConfig& config)
    : pictures_(std::move(pictures), config.data),
      conditions_(conditions),
      size_(std::min(pictures_.set().size(), config.train.validation_pictures)),
      batch_size_(config.train.micro_batch_size.value_or(config.train.batch_size)),
      seed_(static_cast<uint64_t>(config.train.seed)),
      precision_(config.train.precision) {}

LossByTime Validation::run(models::Network& network, int64_t side, const StopRequested& stop) {
  LossByTime all;
  for (int64_t first = 0; first < size_; first += batch_size_) {
    std::vector<int64_t> indices;
    for (int64_t i = first; i < std::min(size_, first + batch_size_); ++i) indices.push_back(i);
    all.add(run(network, indices, side, stop));
  }
  return all;
}

LossByTime Validation::run(models::Network& network, const std::vector<int64_t>& indices, int64_t side,
                           const StopRequested& stop) {
  const c10::NoGradGuard no_grad;
  const models::ModeScope training(network, models::Mode::train);  // the loss that training sees
  std::vector<at::Tensor> pictures, conditions;
  std::vector<uint64_t> seeds;
  for (const int64_t index : indices) {
    const auto picture = pictures_.find(index, side);
    if (picture == nullptr) continue;
    pictures.push_back(in_model_range(*picture));
    conditions.push_back(conditions_.of_picture(pictures_.set(), index));
    seeds.push_back(seed_ + static_cast<uint64_t>(index));
  }
  LossByTime losses;
  if (pictures.empty()) return losses;

  const at::Device device = network.device();
  const auto count = static_cast<int64_t>(pictures.size());
  const at::Tensor x1 = at::stack(pictures).to(device), y = at::stack(conditions).to(device);
  diffusion::ImageNoise noise(seeds);
  const models::PrecisionScope precision(precision_, device);
  for (size_t bucket = 0; bucket < kTimeBuckets; ++bucket) {
    stop_if(stop);
    const double t = (static_cast<double>(bucket) + 0.5) / kTimeBuckets;
    const at::Tensor eps = noise.draw(3, side, side).to(device) * network.config().noise_scale;
    const diffusion::FlowSample sample{t * x1 + (1 - t) * eps, at::full({count}, t, x1.options()), x1 - eps, y};
    const at::Tensor each = diffusion::sample_losses(network, sample).cpu();
    for (int64_t i = 0; i < count; ++i) losses.add(t, each.const_data_ptr<float>()[i]);
  }
  return losses;
}

}  // namespace pixnerd::train
