// What the engine says of a job's pictures, on its way to Jobs.
#pragma once

#include <map>
#include <memory>

#include "engine/observer.h"
#include "serve/job_listener.h"
#include "serve/live_job.h"

namespace pixnerd::serve {

// The listener must outlive it.
class JobObserver : public engine::Observer {
 public:
  JobObserver(JobListener& listener, std::shared_ptr<LiveJob> job) : listener_(listener), job_(std::move(job)) {}

  // A picture of the job is known to the engine by this number.
  void add(engine::PictureId id, int64_t index) { indices_[id] = index; }

  void started(engine::PictureId id) override;
  void evaluated(engine::PictureId id, const engine::Evaluated& evaluation) override;
  void stepped(engine::PictureId id, const engine::Stepped& step) override;
  void done(engine::PictureId id, const at::Tensor& x) override;
  void failed(engine::PictureId id, std::exception_ptr error) override;
  void cancelled(engine::PictureId id) override;

 private:
  const sample::PictureRequest& request(int64_t index) const {
    return job_->order.pictures[static_cast<size_t>(index)];
  }

  JobListener& listener_;
  std::shared_ptr<LiveJob> job_;
  std::map<engine::PictureId, int64_t> indices_;
};

}  // namespace pixnerd::serve
