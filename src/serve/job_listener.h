// Who hears what the engine says of jobs' pictures (job_observer.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "image/image.h"

namespace pixnerd::serve {

struct LiveJob;

// All calls come from the thread that draws.
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

}  // namespace pixnerd::serve
