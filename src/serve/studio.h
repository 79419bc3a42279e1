// Where pictures are drawn: one thread that takes jobs in their clients' turns, has their networks loaded, and makes
// one evaluation after the other.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "serve/jobs.h"
#include "serve/shelf.h"

namespace pixnerd::serve {

class Studio {
 public:
  // Errors as models::PromptEncoder's. The jobs must outlive it.
  Studio(Jobs& jobs, ShelfOptions options);

  // Draws until stop(). Any thread, once.
  void run();

  // Any thread: there may be something to do; and: no more evaluations.
  void wake();
  void stop();

  std::set<std::string> loaded() const { return shelf_.loaded(); }

 private:
  bool begin_some();
  bool begin(const std::shared_ptr<LiveJob>& job);
  void sleep();

  Jobs& jobs_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_awake_ = false, is_stopping_ = false;
  Shelf shelf_;
};

}  // namespace pixnerd::serve
