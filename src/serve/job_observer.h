// What the engine says of a job's pictures, on its way to Jobs.
#pragma once

#include <map>
#include <memory>

#include "engine/observer.h"
#include "serve/live_job.h"

namespace pixnerd::serve {

// Where it goes. All calls come from the thread that draws.
struct JobListener {
  virtual ~JobListener() = default;
  virtual void started(LiveJob& job) = 0;
  // Whether somebody wants to see this picture now; `is_key_frame` says that it must be kept.
  virtual bool wants_preview(LiveJob& job, int64_t index, int64_t step, bool& is_key_frame) = 0;
  virtual void preview(const std::shared_ptr<LiveJob>& job, int64_t index, int64_t step, image::Image image,
                       bool is_key_frame) = 0;
  virtual void stepped(LiveJob& job, int64_t index, int64_t steps_done) = 0;
  virtual void drawn(const std::shared_ptr<LiveJob>& job, int64_t index, image::Image image) = 0;
  virtual void failed(const std::shared_ptr<LiveJob>& job, const std::string& error) = 0;
  virtual void cancelled(const std::shared_ptr<LiveJob>& job, int64_t index) = 0;
};

class JobObserver : public engine::Observer {
 public:
  JobObserver(std::shared_ptr<JobListener> listener, std::shared_ptr<LiveJob> job)
      : listener_(std::move(listener)), job_(std::move(job)) {}

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

  std::shared_ptr<JobListener> listener_;
  std::shared_ptr<LiveJob> job_;
  std::map<engine::PictureId, int64_t> indices_;
};

}  // namespace pixnerd::serve
