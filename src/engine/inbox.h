// Where pictures and cancellations arrive from any thread, and which pictures are known.
//
// Threads: every call from any of them.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "engine/flight.h"

namespace pixnerd::engine {

class Inbox {
 public:
  // As Engine's.
  PictureId submit(Picture picture, std::shared_ptr<Observer> observer);
  void cancel(PictureId id);
  void close();
  bool wait();
  size_t size() const;

  // What has come since the last call.
  struct News {
    std::vector<Submission> pictures;
    std::vector<PictureId> cancelled;
  };
  News take();

  // The picture has come to its end. False where it was cancelled meanwhile, which then is its end; it is not among the
  // cancelled of the next take().
  bool end(PictureId id);

 private:
  void require_open() const;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  News news_;
  std::set<PictureId> live_;  // neither ended nor cancelled
  PictureId next_id_ = 1;
  bool is_closed_ = false;
};

}  // namespace pixnerd::engine
