#include "sample/similarity.h"

#include <c10/core/GradMode.h>

#include <algorithm>

#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "core/text.h"
#include "diffusion/integrate.h"
#include "diffusion/similarity_recorder.h"
#include "models/precision.h"
#include "sample/batch.h"
#include "sample/sampler.h"

namespace pixnerd::sample {
namespace {

diffusion::SamplerConfig without_reuse(diffusion::SamplerConfig sampler) {
  sampler.reuse = 1;
  sampler.encode_steps.clear();
  return sampler;
}

}  // namespace

diffusion::Similarity measure_similarity(models::Network& network, const std::vector<Job>& jobs, Progress& progress) {
  int64_t pictures = 0, done = 0;
  for (const Job& job : jobs) {
    check(network, job.request);
    require_precision(network, job.request.precision);
    if (job.request.sample.decode_size) {
      throw RequestError("reuse is measured with pictures of one size; give --decode-size none");
    }
    pictures += job.request.pictures();
  }
  const c10::NoGradGuard no_grad;
  const diffusion::SamplerConfig sampler = without_reuse(jobs.front().request.sample.sampler);
  if (sampler.steps > diffusion::kMostComparedSteps) {
    throw RequestError(concat("reuse is measured with at most ", diffusion::kMostComparedSteps, " steps, not ",
                              sampler.steps, "; give --steps less"));
  }
  const models::PrecisionScope precision(jobs.front().request.precision, network.device());
  diffusion::SimilarityRecorder recorder(network, sampler.steps);
  const MappedSources weights = checkpoint::sources_of(network.parameters());
  progress.update(0, pictures * sampler.steps, "");
  for (const Job& job : jobs) {
    const Request& request = job.request;
    for (int64_t first = 0; first < request.pictures(); first += request.batch_size) {
      const int64_t last = std::min(first + request.batch_size, request.pictures());
      Batch batch = batch_of(network, request, first, last);
      recorder.begin_run();
      diffusion::integrate(recorder, batch.condition.given, batch.condition.null, sampler, batch.x_0, batch.noise,
                           [&](size_t, const diffusion::StepResult&) {
                             recorder.end_step();
                             done += batch.size;
                             progress.update(done, pictures * sampler.steps, "");
                           });
    }
  }
  checkpoint::require_unchanged(weights);
  return recorder.similarity();
}

}  // namespace pixnerd::sample
