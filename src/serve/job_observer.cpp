#include "serve/job_observer.h"

#include "core/failure.h"
#include "sample/drawing.h"

namespace pixnerd::serve {

void JobObserver::started(engine::PictureId) {
  listener_.started(*job_);
}

void JobObserver::evaluated(engine::PictureId id, const engine::Evaluated& evaluation) {
  const int64_t index = indices_.at(id);
  bool is_key_frame = false;
  if (!listener_.wants_preview(*job_, index, evaluation.step, is_key_frame)) return;
  listener_.preview(job_, index, evaluation.step, sample::image_of(evaluation.estimate(), request(index)),
                    is_key_frame);
}

void JobObserver::stepped(engine::PictureId id, const engine::Stepped& step) {
  listener_.stepped(*job_, indices_.at(id), step.step);
}

void JobObserver::done(engine::PictureId id, const at::Tensor& x) {
  const int64_t index = indices_.at(id);
  listener_.drawn(job_, index, sample::image_of(x, request(index)));
}

void JobObserver::failed(engine::PictureId, std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    listener_.failed(job_, message_of(exception));
  }
}

void JobObserver::cancelled(engine::PictureId id) {
  listener_.cancelled(job_, indices_.at(id));
}

}  // namespace pixnerd::serve
