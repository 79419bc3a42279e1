#include "sample/similarity.h"

#include <algorithm>
#include <exception>

#include "core/errors.h"
#include "core/text.h"
#include "diffusion/similarity_recorder.h"

namespace pixnerd::sample {
namespace {

class Recording : public engine::Observer {
 public:
  explicit Recording(int64_t of_a_run) : recorder(of_a_run) {}

  void evaluated(engine::PictureId id, const engine::Evaluated& each) override {
    recorder.add(id, each.step, each.conditioning.s(), each.is_guided ? each.conditioning.null_s() : at::Tensor());
  }
  void stepped(engine::PictureId, const engine::Stepped&) override { ++steps; }
  void done(engine::PictureId id, const at::Tensor&) override { recorder.end(id); }
  void failed(engine::PictureId, std::exception_ptr failure) override { error = std::move(failure); }

  diffusion::SimilarityRecorder recorder;
  int64_t steps = 0;
  std::exception_ptr error;
};

SampleConfig without_reuse(SampleConfig settings) {
  settings.sampler.reuse = 1;
  settings.sampler.encode_steps.clear();
  return settings;
}

}  // namespace

diffusion::Similarity measure_similarity(models::Network& network, const std::vector<PictureRequest>& pictures,
                                         const DrawSettings& settings, Progress& progress) {
  check(network.config(), pictures);
  for (const PictureRequest& picture : pictures) {
    if (!picture.settings->decode_size) continue;
    throw RequestError("reuse is measured with pictures of one size; give --decode-size none");
  }
  const int64_t steps = pictures.front().settings->sampler.steps;
  if (steps > diffusion::kMostComparedSteps) {
    throw RequestError(concat("reuse is measured with at most ", diffusion::kMostComparedSteps, " steps, not ", steps,
                              "; give --steps less"));
  }
  engine::EngineOptions options;
  options.most_together = settings.batch;
  options.available_bytes = settings.available_bytes;
  engine::Engine engine(network, settings.precision, options);
  const auto recording = std::make_shared<Recording>(steps);
  const int64_t all_steps = std::ssize(pictures) * steps;
  progress.update(0, all_steps, "");
  for (size_t submitted = 0; submitted < pictures.size() || engine.size() > 0;) {
    while (submitted < pictures.size() && static_cast<int64_t>(engine.size()) < std::max<int64_t>(settings.batch, 1)) {
      engine::Picture picture = engine_picture(network.config(), pictures[submitted++], settings.states);
      picture.settings = std::make_shared<const SampleConfig>(without_reuse(*picture.settings));
      engine.submit(std::move(picture), recording);
    }
    engine.advance();
    if (recording->error) std::rethrow_exception(recording->error);
    progress.update(recording->steps, all_steps, "");
  }
  return recording->recorder.similarity();
}

}  // namespace pixnerd::sample
