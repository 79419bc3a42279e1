// A job that is in memory: from when it is accepted until some minutes after its end.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/observer.h"
#include "serve/jobs.h"
#include "serve/shelf.h"

namespace pixnerd::serve {

struct LivePicture {
  std::optional<engine::PictureId> flying{};  // in the network's engine
  bool is_over = false;                       // stored, or never to be
  int64_t steps_done = 0;
  double step_time = 0;  // steady_seconds() of the last one
  JobChange::Preview preview{};
  uint64_t preview_change = 0;
  double preview_time = 0;  // steady_seconds() of the last one that was begun
  bool is_preview_in_work = false;
  std::vector<std::shared_ptr<const image::Image>> key_frames{};
};

// What changes does so under the lock of Jobs.
struct LiveJob {
  store::StoredJob stored;
  const Order order;
  const Origin origin;
  std::shared_ptr<Loaded> network{};  // once it is submitted
  std::vector<LivePicture> pictures;
  uint64_t state_change = 0, progress_change = 0;
  int64_t previews_wanted = 0;
  double began = 0, deadline = 0, ended = 0;  // steady_seconds()
  bool is_ending = false;                     // its end is being written
  bool is_ending_early = false;               // Jobs::finish_early()
  std::vector<std::function<void(const JobView&)>> on_end{};

  bool is_over() const { return is_ended(stored.state); }
  int64_t steps_done() const;
  int64_t pictures_left() const;  // that are not over
  std::vector<engine::PictureId> flying() const;
  int64_t pixels() const;  // of a picture, as it is drawn first; 0 once that is forgotten

  // Cancels those in the engine. Without the lock.
  void stop(const std::vector<engine::PictureId>& ids) const;
};

}  // namespace pixnerd::serve
