#include "sample/sampler.h"

#include <ATen/ops/isfinite.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "core/text.h"
#include "image/pixels.h"
#include "sample/batch.h"
#include "sample/two_sizes.h"

namespace pixnerd::sample {
namespace {

constexpr int64_t kColours = 3;

// x [B, C, H, W] of the pictures from `first` on.
void require_finite(const at::Tensor& x, int64_t first, int64_t step) {
  const at::Tensor finite = at::isfinite(x).flatten(1).all(1).cpu();  // [B]
  for (int64_t i = 0; i < x.size(0); ++i) {
    if (finite.const_data_ptr<bool>()[i]) continue;
    throw RequestError(concat("picture ", first + i, " is not finite after step ", step + 1,
                              ": the weights or the sampler's settings lead nowhere; try less guidance, another "
                              "solver or --dtype float32"));
  }
}

// x [B, 3, H, W] on any device -> picture i of the batch.
image::Image picture(const at::Tensor& x_cpu, int64_t i) {
  const at::Tensor chw = x_cpu[i].contiguous();
  return image::from_model_range(chw.const_data_ptr<float>(), static_cast<int>(chw.size(2)),
                                 static_cast<int>(chw.size(1)));
}

// What comes from flags or files has been bounded where it was read; other callers are held to the same.
void check_limits(const Request& request) {
  const auto require = [](int64_t value, int64_t least, int64_t most, const char* what) {
    if (value >= least && value <= most) return;
    throw RequestError(concat(what, " ", value, " must be between ", least, " and ", most));
  };
  require(request.pictures(), 0, diffusion::kMostPictures, "the number of pictures");
  require(request.batch_size, 1, diffusion::kLargestBatch, "the batch of pictures");
  for (const PictureSize& size : {request.sample.size, request.sample.picture_size()}) {
    for (const int64_t side : size) require(side, 1, diffusion::kLongestSide, "the side of a picture");
  }
}

}  // namespace

void check_sizes(const models::ModelConfig& config, const SampleConfig& settings) {
  const models::TokenGrid grid = models::token_grid(config, settings.size[1], settings.size[0]);
  if (!settings.decode_size) return;
  models::check_decodable(grid, (*settings.decode_size)[1], (*settings.decode_size)[0]);
}

void check_settings(const models::Network& network, const Request& request) {
  const models::ModelConfig& config = network.config();
  if (config.in_channels != kColours) {
    throw RequestError(concat("the network draws ", config.in_channels, " channels, but a picture has 3"));
  }
  check_limits(request);
  check_sizes(config, request.sample);
  request.sample.validate();
}

void check(const models::Network& network, const Request& request) {
  check_settings(network, request);
  check_condition(network.config(), request);
  if (request.seeds.empty() || static_cast<int64_t>(request.seeds.size()) == request.pictures()) return;
  throw RequestError(concat(request.seeds.size(), " seeds for ", request.pictures(), " pictures"));
}

void sample_images(models::Network& network, const Request& request, const ImageSink& sink, Progress& progress,
                   const FrameSink& frames) {
  sample_part(network, request, 0, request.pictures(), sink, progress, frames);
}

void sample_part(models::Network& network, const Request& request, int64_t begin, int64_t wanted, const ImageSink& sink,
                 Progress& progress, const FrameSink& frames) {
  check(network, request);
  require_precision(network, request.precision);
  // No InferenceMode: position tables that the network keeps from here could not serve a later training step.
  const c10::NoGradGuard no_grad;
  const models::PrecisionScope precision(request.precision, network.device());
  const int64_t steps = request.sample.sampler.steps, all_steps = request.pictures() * steps;
  const int64_t end = begin + std::min(wanted, request.pictures() - begin);
  const MappedSources weights = checkpoint::sources_of(network.parameters());
  progress.update(begin * steps, all_steps, "");

  for (int64_t first = begin; first < end; first += request.batch_size) {
    Batch batch = batch_of(network, request, first, std::min(first + request.batch_size, end));
    const auto observe = [&](size_t i, const diffusion::StepResult& result) {
      const auto step = static_cast<int64_t>(i);
      require_finite(result.x, first, step);
      progress.update(first * steps + batch.size * (step + 1), all_steps, "");
      if (!frames) return;
      const at::Tensor x_t = result.x.cpu();
      for (int64_t k = 0; k < batch.size; ++k) frames(first + k, step, picture(x_t, k));
    };
    const at::Tensor x_1 =
        integrate(network, batch.condition.given, batch.condition.null, request.sample, batch.x_0, batch.noise, observe)
            .cpu();
    checkpoint::require_unchanged(weights);
    for (int64_t k = 0; k < batch.size; ++k) sink(first + k, picture(x_1, k));
  }
}

}  // namespace pixnerd::sample
