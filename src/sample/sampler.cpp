#include "sample/sampler.h"

#include <ATen/ops/isfinite.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "core/errors.h"
#include "core/text.h"
#include "diffusion/integrate.h"
#include "diffusion/noise.h"
#include "image/pixels.h"

namespace pixnerd::sample {
namespace {

constexpr int64_t kColours = 3;

// One batch of the request: pictures first .. first + labels.size() - 1.
struct Batch {
  int64_t first = 0;
  std::vector<int64_t> labels;  // each followed by its style where the network has styles
  std::vector<uint64_t> seeds;

  int64_t size() const { return static_cast<int64_t>(seeds.size()); }

  // [B] or [B, 2], as the network takes it.
  at::Tensor condition() const {
    const at::Tensor all = at::tensor(labels, at::kLong);
    return labels.size() == seeds.size() ? all : all.view({size(), 2});
  }
};

Batch batch_from(const Request& request, int64_t first, int64_t num_styles) {
  const auto count = static_cast<int64_t>(request.labels.size());
  const int64_t last = std::min(first + request.batch_size, count);
  Batch batch{first, {}, {}};
  for (int64_t i = first; i < last; ++i) {
    const auto at = static_cast<size_t>(i);
    batch.labels.push_back(request.labels[at]);
    if (num_styles > 0) batch.labels.push_back(request.styles.empty() ? i % num_styles : request.styles[at]);
    batch.seeds.push_back(request.seed + static_cast<uint64_t>(i));
  }
  return batch;
}

void check_styles(const models::C2IConfig& config, const Request& request) {
  if (request.styles.empty()) return;
  if (config.num_styles == 0) throw RequestError("the network knows no styles; ask for classes alone");
  if (request.styles.size() != request.labels.size()) {
    throw RequestError(concat(request.styles.size(), " styles for ", request.labels.size(), " pictures"));
  }
  for (const int64_t style : request.styles) {
    if (style >= 0 && style <= config.num_styles) continue;
    throw RequestError(concat("there is no style ", style, "; the network has the styles 0 to ", config.num_styles - 1,
                              " and ", config.num_styles, " for none of them"));
  }
}

void require_finite(const at::Tensor& x, const Batch& batch, int64_t step) {
  const at::Tensor finite = at::isfinite(x).flatten(1).all(1).cpu();  // [B]
  for (int64_t i = 0; i < batch.size(); ++i) {
    if (finite.const_data_ptr<bool>()[i]) continue;
    throw RequestError(concat("picture ", batch.first + i, " is not finite after step ", step + 1,
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

}  // namespace

void check(const models::Network& network, const Request& request) {
  const int64_t classes = network.config().num_classes;
  if (network.config().in_channels != kColours) {
    throw RequestError(concat("the network draws ", network.config().in_channels, " channels, but a picture has 3"));
  }
  if (request.labels.empty()) throw RequestError("no picture is asked for; name at least one class");
  for (const int64_t label : request.labels) {
    if (label >= 0 && label <= classes) continue;
    throw RequestError(concat("there is no class ", label, "; the network has the classes 0 to ", classes - 1, " and ",
                              classes, " for none of them"));
  }
  check_styles(network.config(), request);
  if (request.batch_size < 1) throw RequestError(concat("a batch of ", request.batch_size, " pictures is impossible"));
  network.check_size(request.sample.size[1], request.sample.size[0]);
  request.sample.validate();
}

void sample_images(models::Network& network, const Request& request, const ImageSink& sink, Progress& progress,
                   const FrameSink& frames) {
  check(network, request);
  // No InferenceMode: position tables that the network keeps from here could not serve a later training step.
  const c10::NoGradGuard no_grad;
  const models::PrecisionScope precision(request.precision, network.device());
  const auto [width, height] = request.sample.size;
  const diffusion::SamplerConfig& sampler = request.sample.sampler;
  const auto count = static_cast<int64_t>(request.labels.size());
  progress.update(0, count * sampler.steps, "");

  for (int64_t first = 0; first < count; first += request.batch_size) {
    const Batch batch = batch_from(request, first, network.config().num_styles);
    diffusion::ImageNoise noise(batch.seeds);
    const at::Tensor x_0 = noise.draw(kColours, height, width).to(network.device());
    const at::Tensor y = batch.condition().to(network.device());
    const auto observe = [&](size_t i, const diffusion::StepResult& result) {
      const auto step = static_cast<int64_t>(i);
      require_finite(result.x, batch, step);
      progress.update(first * sampler.steps + batch.size() * (step + 1), count * sampler.steps, "");
      if (!frames) return;
      const at::Tensor x_t = result.x.cpu();
      for (int64_t k = 0; k < batch.size(); ++k) frames(first + k, step, picture(x_t, k));
    };
    const at::Tensor x_1 =
        diffusion::integrate(network, y, network.null_condition(batch.size()), sampler, x_0, noise, observe).cpu();
    for (int64_t k = 0; k < batch.size(); ++k) sink(first + k, picture(x_1, k));
  }
}

}  // namespace pixnerd::sample
