// Answers that are being streamed, to be woken when something has changed.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "http/server.h"

namespace pixnerd::serve {

// Threads: every call from any of them.
class Streams {
 public:
  // Before it is streamed. Forgotten once the exchange is.
  void add(const std::shared_ptr<http::Exchange>& exchange);

  void wake_all();

  // Streams look at it each time they are asked: they should end.
  void close();
  bool are_closing() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<http::Exchange>> open_;
  bool is_closing_ = false;
};

}  // namespace pixnerd::serve
