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
  // exchange->stream(), to be woken with the others until it ends.
  void begin(const std::shared_ptr<http::Exchange>& exchange, http::Response head, http::Source source);

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
