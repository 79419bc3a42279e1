#include "sample/similarity.h"

#include <c10/core/GradMode.h>

#include <algorithm>

#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "diffusion/integrate.h"
#include "diffusion/noise.h"
#include "diffusion/similarity_recorder.h"
#include "models/precision.h"
#include "sample/condition.h"
#include "sample/sampler.h"

namespace pixnerd::sample {
namespace {

diffusion::SamplerConfig without_reuse(diffusion::SamplerConfig sampler) {
  sampler.reuse = 1;
  sampler.encode_steps.clear();
  return sampler;
}

diffusion::ImageNoise noise_of(const Request& request, int64_t first, int64_t last) {
  std::vector<uint64_t> seeds;
  for (int64_t i = first; i < last; ++i) seeds.push_back(request.seed_of(i));
  return diffusion::ImageNoise(seeds);
}

}  // namespace

diffusion::Similarity measure_similarity(models::Network& network, const std::vector<Job>& jobs, Progress& progress) {
  int64_t pictures = 0, done = 0;
  for (const Job& job : jobs) {
    check(network, job.request);
    if (job.request.sample.decode_size) {
      throw RequestError("reuse is measured with pictures of one size; give --decode-size none");
    }
    pictures += job.request.pictures();
  }
  const c10::NoGradGuard no_grad;
  const diffusion::SamplerConfig sampler = without_reuse(jobs.front().request.sample.sampler);
  const models::PrecisionScope precision(jobs.front().request.precision, network.device());
  diffusion::SimilarityRecorder recorder(network, sampler.steps);
  const MappedSources weights = checkpoint::sources_of(network.parameters());
  progress.update(0, pictures * sampler.steps, "");
  for (const Job& job : jobs) {
    const Request& request = job.request;
    const auto [width, height] = request.sample.size;
    for (int64_t first = 0; first < request.pictures(); first += request.batch_size) {
      const int64_t last = std::min(first + request.batch_size, request.pictures());
      const BatchCondition condition = condition_of(network.config(), request, first, last);
      diffusion::ImageNoise noise = noise_of(request, first, last);
      const at::Tensor x_0 = noise.draw(network.config().in_channels, height, width).to(network.device());
      recorder.begin_run();
      diffusion::integrate(recorder, condition.given.to(network.device()), condition.null.to(network.device()), sampler,
                           x_0, noise, [&](size_t, const diffusion::StepResult&) {
                             recorder.end_step();
                             done += last - first;
                             progress.update(done, pictures * sampler.steps, "");
                           });
    }
  }
  checkpoint::require_unchanged(weights);
  return recorder.similarity();
}

}  // namespace pixnerd::sample
